"""Every default, with its reason. A recipe takes a copy of this and changes what it must."""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
    config = ConfigDict()

    # One number decides initialisation, batch order and dropout noise.
    config.seed = 0

    # Modules that add names to those of gtx; --plugin=my_package.my_module adds to this.
    config.plugins = ()

    # Fine-tuning: the folder of another run, whose parameters this one starts from, by name. The
    # head is new where the label is another, and so are encoders of columns that the other run had
    # not; `init_new` names what else starts anew or is left, as ("block_3", "embed/node_*"). Any
    # other difference is refused.
    config.init_from = ""
    config.init_new = ()

    # Where graphs come from; `name` picks the source in gtx.data.sources.SOURCES, whose
    # fields are what else it reads.
    config.data = data = ConfigDict()
    data.name = ""
    data.valid_fraction = 0.1  # taken out of train where the source has no validation part
    data.split = "given"  # given | random | scaffold
    data.num_train = 0  # train on so many of the training graphs, drawn by split_seed; 0: on all
    data.split_seed = 0  # apart from `seed`, so that seeds compare on the same split

    # Positional and structural encodings by name, each with its settings; none by default.
    config.encodings = ConfigDict()
    config.encodings_used = "all"  # all | none | names of these, separated by commas
    config.encodings_cache = ""  # a folder; empty computes them anew, seconds for 10k molecules
    config.encodings_workers = 0  # processes; 0 is this one: starting others takes seconds

    # Structures by name (gtx.structures), each with its settings, such as
    # config.structures.expander = {"degree": 4}. They are added after the encodings, which are
    # those of the graph alone. Virtual nodes are not pooled.
    config.structures = ConfigDict()

    config.batch = batch = ConfigDict()
    batch.size = 32  # graphs in a step, over all shards
    # Of batches of whole graphs; with batch.sampling these three keep their defaults.
    batch.stratified = True  # every batch has the same mix of sizes: least padding, one shape
    batch.num_tiers = 4  # more tiers, less padding in attention and longer compilation
    batch.multiple_of = 1  # 8 or 128 suits accelerators
    batch.num_shards = 1  # devices that share a batch; 0 takes all local devices
    batch.resident = True  # columns stay on the device; False streams batches from the host
    # For one large graph a way of taking parts of it (gtx.batching.SAMPLERS) with its settings, as
    # {"name": "neighbors", "fanouts": (15, 10)}; `size` is then the number of seed nodes, or of
    # clusters, in a step. With {} batches hold whole graphs. "evaluation": "sampled" scores on
    # parts too; by default the whole graph is scored at once.
    batch.sampling = ConfigDict()

    # Which model, and its fields: gtx.recipes.model_config("gps", dim=32) has those of GPS with the
    # defaults of its paper, and no others. gtx.models.MODELS has the names.
    config.model = ConfigDict(dict(name=""))

    config.task = task = ConfigDict()
    # auto | binary | multiclass: two classes as one yes or no, which ROC-AUC scores, or the other
    # way round; auto takes the label as the source has it.
    task.kind = "auto"
    task.loss = "auto"  # l1 | mse | huber for regression; cross entropy otherwise
    # By which the best parameters are chosen; of several regression targets the mean error, each
    # divided by its own spread (scaled_mae).
    task.metric = "auto"
    # none | balanced (by the train part, as in scikit-learn) | a number for each class, as "1,4.5"
    task.class_weights = "none"
    # A number for each head of a mixed label; () counts every known label the same.
    task.head_weights = ()
    # A number for each target of a regression or multilabel label, likewise.
    task.target_weights = ()
    # Of links: negatives that are drawn for each in every step, in place of those of the data; 0
    # draws none. receiver | both: which node of the link is replaced.
    task.negatives = 0
    task.corrupt = "receiver"
    # Of links: candidates that are drawn for each sender, once, among which valid and test links
    # are ranked without other known links (filtered_mrr); 0 keeps the negatives of the data.
    task.candidates = 0
    # Pre-training: the share of the nodes that are hidden and whose columns are predicted, in place
    # of the label of the data; 0 predicts the label. Names with commas between them, "" for all
    # columns of nodes but encodings.
    task.masked = 0.0
    task.masked_columns = ""
    # Noisy nodes: the share of the categories that are replaced in training, the deviation of the
    # noise on numbers, and the weight of the loss of telling what was there; without noise 0. Names
    # as nodes.atom and edges.bond; "" for all columns of nodes and edges but encodings.
    task.noise = 0.0
    task.noise_scale = 0.0
    task.noise_weight = 1.0
    task.noise_columns = ""

    config.optimizer = optimizer = ConfigDict()
    optimizer.learning_rate = 1e-3
    optimizer.weight_decay = 1e-5
    optimizer.decay = "all"  # all (as in GraphGPS) | kernels
    optimizer.decoupled = True  # False adds the decay to the gradient, as torch's Adam has it
    optimizer.schedule = "warmup_cosine"  # constant | linear | warmup_cosine | inverse_sqrt
    optimizer.warmup_epochs = 5.0
    optimizer.final_factor = 0.0  # of the learning rate, at the last step
    optimizer.clip_norm = 1.0
    optimizer.ema_decay = 0.0  # 0 keeps no average; evaluation uses the average where there is one
    # By names of parameters, as ("embed", "block_0*"), which stand for all in these modules: those
    # that keep their values; and factors of the learning rate, as (("embed", 0.1),).
    optimizer.frozen = ()
    optimizer.rates = ()
    # A further factor for each step of depth below the head, of models with blocks; 1 is none.
    optimizer.layer_decay = 1.0

    config.training = training = ConfigDict()
    # Several seeds, as (0, 1, 2), or their number, as 3, train side by side as one program. Scores
    # get a mean and a deviation, and predictions are those of the ensemble; () trains `seed` alone.
    # Side by side they take less time than one after the other where single steps leave the device
    # idle, and the memory of all of them.
    training.seeds = ()
    training.num_epochs = 100
    training.steps_per_call = 64  # steps in one compiled call; about a second's worth
    training.evaluate_every = 1  # epochs
    training.checkpoint_every = 10  # epochs
    training.tensorboard = False  # needs the extra `logging`
    training.patience = 0  # evaluations without a better score before stopping; 0 never stops
    training.select = "best"  # parameters that are tested: best on validation, or last

    # A random forest on Morgan counts beside the score; molecules with numbers or classes.
    config.baseline = False
    return config
