"""From a ConfigDict to objects, and back: recipes as they are written, checked and kept."""

from gtx.recipes.checks import check as check
from gtx.recipes.checks import check_devices as check_devices
from gtx.recipes.checks import check_model as check_model
from gtx.recipes.data import batches as batches
from gtx.recipes.data import budget as budget
from gtx.recipes.data import encode as encode
from gtx.recipes.data import encoded_columns as encoded_columns
from gtx.recipes.data import encodings as encodings
from gtx.recipes.data import enlarge as enlarge
from gtx.recipes.data import reads_smiles as reads_smiles
from gtx.recipes.data import shards_here as shards_here
from gtx.recipes.data import shards_of as shards_of
from gtx.recipes.data import topology_of as topology_of
from gtx.recipes.models import LOCAL as LOCAL
from gtx.recipes.models import MODELS as MODELS
from gtx.recipes.models import model as model
from gtx.recipes.prepared import Prepared as Prepared
from gtx.recipes.prepared import load as load
from gtx.recipes.prepared import prepare as prepare
from gtx.recipes.rules import ConfigError as ConfigError
from gtx.recipes.saved import Recipe as Recipe
from gtx.recipes.saved import config_hash as config_hash
from gtx.recipes.saved import read_recipe as read_recipe
from gtx.recipes.saved import recipe as recipe
from gtx.recipes.training import optimizer as optimizer
from gtx.recipes.training import task as task
