import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from gtx.ops.noise import integers, keep_mask, key_bits, node_ids, normal

RECEIVERS, SENDERS, HEADS, KEYS = 48, 64, 4, 8


@pytest.fixture(scope="module")
def kept():
    """Decisions [keys, receivers, senders, heads] at rate 0.5 over consecutive identities."""
    ids = jnp.arange(100, dtype=jnp.uint32)

    def one(number):
        bits = jnp.stack([jnp.uint32(0), number])  # as raw as jax.random.PRNGKey(number)
        return keep_mask(bits, 0.5, ids[:RECEIVERS, None, None], ids[:SENDERS, None], ids[:HEADS])

    return np.asarray(jax.jit(jax.vmap(one))(jnp.arange(KEYS, dtype=jnp.uint32)))


def within(mean, expected, count, deviation=0.5):
    """Within 4.5 standard errors: by chance outside once in 150,000 checks."""
    return abs(mean - expected) < 4.5 * deviation / np.sqrt(count)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_of_kept_entries_is_one_minus_the_rate(rate):
    ids = jnp.arange(300, dtype=jnp.uint32)
    keep = np.asarray(keep_mask(key_bits(jax.random.key(3)), rate, ids[:, None], ids))
    assert within(keep.mean(), 1 - rate, keep.size, np.sqrt(rate * (1 - rate)))
    rows = keep.sum(axis=1)
    expected = 300 * rate * (1 - rate)
    assert abs(rows.var() / expected - 1) < 5 * np.sqrt(2 / 300)  # binomial, not clumped
    assert abs(keep.sum(axis=0).var() / expected - 1) < 5 * np.sqrt(2 / 300)


@pytest.mark.parametrize("axis", range(4), ids=["keys", "receivers", "senders", "heads"])
@pytest.mark.parametrize("distance", [1, 2])
def test_neighbours_are_not_correlated(kept, axis, distance):
    signs = np.where(np.moveaxis(kept, axis, 0), 1.0, -1.0)
    products = signs[distance:] * signs[:-distance]
    assert within(products.mean(), 0, products.size, deviation=1)


def test_four_corners_of_a_rectangle_are_independent(kept):
    """A hash of row hash plus column hash would fail here without its last rounds."""
    signs = np.where(kept, 1.0, -1.0)
    products = signs[:, ::2, ::2] * signs[:, 1::2, ::2] * signs[:, ::2, 1::2] * signs[:, 1::2, 1::2]
    assert within(products.mean(), 0, products.size, deviation=1)


def test_receiver_and_sender_are_not_exchangeable(kept):
    square = np.where(kept[:, :, :RECEIVERS], 1.0, -1.0)
    above = np.triu_indices(RECEIVERS, k=1)
    products = (square * square.swapaxes(1, 2))[:, above[0], above[1]]
    assert within(products.mean(), 0, products.size, deviation=1)


def test_a_decision_depends_on_the_identities_and_not_on_their_place():
    bits = key_bits(jax.random.key(0))
    ids = jnp.asarray([5, 9, 2], jnp.uint32)
    order = np.array([2, 0, 1])
    direct = keep_mask(bits, 0.5, ids[:, None], ids)
    moved = keep_mask(bits, 0.5, ids[order][:, None], ids[order])
    np.testing.assert_array_equal(direct[order][:, order], moved)


def test_normal_numbers_have_the_distribution_of_their_name():
    ids = jnp.arange(400, dtype=jnp.uint32)
    drawn = np.asarray(jax.jit(normal)(key_bits(jax.random.key(5)), ids[:, None], ids))
    assert drawn.dtype == np.float32 and np.abs(drawn).max() < 5.3
    for power, moment, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert within((drawn.astype(np.float64) ** power).mean(), moment, drawn.size, spread**0.5)
    for limit in (-2, -1, 0, 0.5, 2.5):  # the cumulative distribution, here and there
        share = scipy.stats.norm.cdf(limit)
        assert within((drawn <= limit).mean(), share, drawn.size, np.sqrt(share * (1 - share)))
    for products in (drawn[1:] * drawn[:-1], drawn[:, 1:] * drawn[:, :-1], drawn * drawn.T):
        if products.shape == drawn.shape:
            products = products[np.triu_indices(400, k=1)]
        assert within(products.mean(), 0, products.size, deviation=1)


def test_a_normal_number_depends_on_the_identities_and_not_on_their_place():
    bits, ids = key_bits(jax.random.key(0)), jnp.asarray([5, 9, 2], jnp.uint32)
    order = np.array([2, 0, 1])
    drawn = normal(bits, ids[:, None], ids)
    np.testing.assert_array_equal(
        drawn[order][:, order], normal(bits, ids[order][:, None], ids[order])
    )
    assert len(np.unique(drawn)) == 9
    other = normal(key_bits(jax.random.key(1)), ids[:, None], ids)
    assert not np.isin(other, drawn).any()


def test_typed_and_raw_keys_have_the_same_bits():
    typed = key_bits(jax.random.key(7, impl="threefry2x32"))
    np.testing.assert_array_equal(typed, key_bits(jax.random.PRNGKey(7)))
    wide = [key_bits(jax.random.key(seed, impl="rbg")) for seed in (1, 2)]
    assert wide[0].shape == (2,) and not np.array_equal(*wide)


def test_something_that_is_not_a_key_is_refused():
    with pytest.raises(ValueError, match="jax.random.key"):
        key_bits(jnp.zeros(3))


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_an_impossible_rate_is_refused(rate):
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        keep_mask(key_bits(jax.random.key(0)), rate, jnp.zeros(2, jnp.uint32))


def test_the_largest_rate_below_one_drops_almost_all():
    ids = jnp.arange(1000, dtype=jnp.uint32)
    assert not keep_mask(key_bits(jax.random.key(0)), np.nextafter(1, 0), ids).any()


IDS = [0, 1, 5, 100, 127]
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


@pytest.mark.parametrize("dtype", [*INTEGERS, jnp.int4], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize("negative", [False, True])
def test_ids_of_any_integer_type_draw_the_same_noise(dtype, negative):
    if negative and np.dtype(dtype).kind == "u":
        return
    ids = np.array([-1, -3, -7, -8] if negative else IDS)
    ids = ids if dtype != jnp.int4 else ids[abs(ids) < 8]
    bits, expected = key_bits(jax.random.key(0)), ids.astype(np.uint32)
    host = ids.astype(dtype)
    device = jnp.asarray(ids, dtype) if np.dtype(dtype).itemsize < 8 else jnp.asarray(ids)
    for draw in (normal, lambda bits, *ids: keep_mask(bits, 0.5, *ids)):
        right = draw(bits, expected[:, None], expected)
        for given in (host, device):
            np.testing.assert_array_equal(draw(bits, given[:, None], given), right)
            compiled = jax.jit(lambda given, draw=draw: draw(bits, given[:, None], given))
            np.testing.assert_array_equal(compiled(given), right)
    np.testing.assert_array_equal(node_ids(host, host, xp=np), node_ids(expected, expected, xp=np))
    np.testing.assert_array_equal(node_ids(device, device), node_ids(expected, expected, xp=np))


def test_ids_count_modulo_two_to_the_32_outside_and_inside_of_jit():
    bits = key_bits(jax.random.key(0))
    wide = np.array([2**31 + 7, 2**32 - 1, 2**32 + 5, 2**40, -(2**35) - 1])
    expected = keep_mask(bits, 0.5, (wide % 2**32).astype(np.uint32)[:, None], np.arange(64))
    np.testing.assert_array_equal(keep_mask(bits, 0.5, wide[:, None], np.arange(64)), expected)
    compiled = jax.jit(lambda ids: keep_mask(bits, 0.5, ids[:, None], jnp.arange(64)))
    np.testing.assert_array_equal(compiled(wide), expected)
    with jax.enable_x64(True):
        np.testing.assert_array_equal(compiled(jnp.asarray(wide)), expected)
    assert keep_mask(bits, 0.5, 2**32 + 3) == keep_mask(bits, 0.5, np.uint32(3))


NO_IDS = {
    "bools": np.array([True, False]),
    "floats": np.arange(2.0),
    "jax floats": jnp.arange(2.0),
    "objects": np.array([2**70, 1]),
    "names": np.array(["a", "b"]),
    "keys": jax.random.split(jax.random.key(0), 2),
    "masked": np.ma.masked_array([0, 1], [False, True]),
}


@pytest.mark.parametrize("name", NO_IDS)
@pytest.mark.usefixtures("unchecked_types")
def test_what_is_no_integer_is_no_identity(name):
    for call in (
        lambda ids: keep_mask(key_bits(jax.random.key(0)), 0.5, ids),
        lambda ids: normal(key_bits(jax.random.key(0)), ids),
        lambda ids: node_ids(ids, 0, xp=np),
        lambda ids: node_ids(0, ids),
    ):
        with pytest.raises(TypeError, match="must be integers, which say whose noise|masked array"):
            call(NO_IDS[name])


@pytest.mark.usefixtures("unchecked_types")
def test_a_seed_is_no_key_and_noise_is_somebodys():
    with pytest.raises(TypeError, match="got int; make one with jax.random.key"):
        key_bits(0)
    with pytest.raises(ValueError, match="at least one array of ids"):
        keep_mask(key_bits(jax.random.key(0)), 0.5)
    for rate in (None, "0.5", jnp.float32(0.5), True):
        with pytest.raises(TypeError, match="dropout rate is static"):
            keep_mask(key_bits(jax.random.key(0)), rate, jnp.arange(2))


def test_node_ids_are_the_same_bits_in_numpy_and_jax_and_distinct():
    graphs = np.repeat(np.arange(-1, 499, dtype=np.int32), 40)
    position = np.tile(np.arange(40, dtype=np.int32), 500)
    host = node_ids(graphs, position, xp=np)
    device = node_ids(jnp.asarray(graphs), jnp.asarray(position))
    assert host.dtype == np.uint32 and device.dtype == jnp.uint32
    np.testing.assert_array_equal(host, device)
    assert len(np.unique(host)) == host.size
    assert node_ids(3, 4, xp=np) == node_ids(jnp.int32(3), jnp.int32(4))


def test_integers_are_uniform_and_depend_on_the_identities_alone():
    ids, bits = jnp.arange(60_000), key_bits(jax.random.key(3))
    found = np.asarray(integers(bits, 7, ids))
    assert found.min() == 0 and found.max() == 6 and found.dtype == np.int32
    assert scipy.stats.chisquare(np.bincount(found, minlength=7)).pvalue > 1e-4
    order = np.random.default_rng(0).permutation(60_000)
    np.testing.assert_array_equal(integers(bits, 7, ids[order]), found[order])
    assert not np.asarray(integers(bits, 1, ids)).any()
    assert np.asarray(integers(bits, 2**24, ids)).max() < 2**24
    other = np.asarray(integers(bits, 7, ids, 1))
    assert within(np.mean(other == found), 1 / 7, 60_000)
    for size in (0, 2**24 + 1):
        with pytest.raises(ValueError, match="size must lie"):
            integers(bits, size, ids)
