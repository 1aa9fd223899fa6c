"""Tasks: loss, predictions in the label's own unit, and metrics."""

from gtx.tasks.base import Task as Task
from gtx.tasks.choice import from_label as from_label
from gtx.tasks.classification import Binary as Binary
from gtx.tasks.classification import Multiclass as Multiclass
from gtx.tasks.contrastive import Contrastive as Contrastive
from gtx.tasks.link import Link as Link
from gtx.tasks.mixed import Mixed as Mixed
from gtx.tasks.on_scale import OnScale as OnScale
from gtx.tasks.on_scale import on_scale as on_scale
from gtx.tasks.regression import Regression as Regression
from gtx.tasks.subtokens import Subtokens as Subtokens
