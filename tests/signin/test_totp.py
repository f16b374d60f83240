"""TOTP codes, and the laws of a device: two codes to begin, each code once, drift learnt."""

import traceback
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cases import cases, document
from sekisho.errors import InternalError
from sekisho.signin import (
    Refused,
    SigninAssumptions,
    TotpDevice,
    code_at,
    is_code,
    is_seed,
    step_of,
)

SEED = document("signin/totp")["seed"]
ASSUMPTIONS = SigninAssumptions()
NOW = datetime(2026, 11, 24, 6, 0, 10, tzinfo=UTC)
STEP = step_of(NOW)
PERIOD = timedelta(seconds=30)
windows = st.integers(-ASSUMPTIONS.resync_window, ASSUMPTIONS.resync_window)


def codes(step):
    """Return the codes of the step before and of `step`."""
    return code_at(SEED, step - 1), code_at(SEED, step)


def enabled(device=None, now=NOW):
    got = (device or TotpDevice(SEED)).enable(codes(step_of(now)), now, ASSUMPTIONS)
    assert isinstance(got, TotpDevice)
    return got


@pytest.mark.parametrize("case", cases("signin/totp", ["time", "digits8"]))
def test_rfc_6238_vectors(case):
    when = datetime.fromtimestamp(case["time"], UTC)
    assert code_at(SEED, step_of(when)) == case["digits8"][-6:]


def test_a_refusal_is_the_one_that_aws_gives():
    got = TotpDevice(SEED).verify("000000", NOW, ASSUMPTIONS)
    assert isinstance(got, Refused)
    assert got.code == "InvalidAuthenticationCode"
    assert got.message == "Authentication code for device is not valid."
    assert got.status == 403


@given(delta=windows)
def test_enable_learns_the_drift(delta):
    got = TotpDevice(SEED).enable(codes(STEP + delta), NOW, ASSUMPTIONS)
    assert got == TotpDevice(SEED, drift=delta, last_step=STEP + delta)


@pytest.mark.parametrize("name", ["enable", "resync"])
@pytest.mark.parametrize(
    "pair",
    [
        pytest.param((0, 0), id="the same code twice"),
        pytest.param((0, -1), id="the newer first"),
        pytest.param((-2, 0), id="not consecutive"),
        pytest.param((-60, -59), id="too old"),
        pytest.param((59, 60), id="too early"),
    ],
)
def test_two_consecutive_codes_the_older_first(name, pair):
    first, second = (code_at(SEED, STEP + offset) for offset in pair)
    assert isinstance(getattr(TotpDevice(SEED), name)((first, second), NOW, ASSUMPTIONS), Refused)


WINDOW = cases("signin/totp-window", ["second", "accepted"], ["code", "enabling"])


@pytest.mark.parametrize("drift", [0, -7, 20], ids=lambda drift: f"drift {drift}")
@pytest.mark.parametrize("case", WINDOW)
def test_by_default_a_code_is_accepted_one_step_off_and_not_two(case, drift):
    at = datetime.fromtimestamp(STEP * 30 + case["second"], UTC)
    device = TotpDevice(SEED, drift=drift)
    if "code" in case:
        got = device.verify(code_at(SEED, STEP + drift + case["code"]), at, SigninAssumptions())
    else:
        got = device.enable(codes(STEP + drift + case["enabling"]), at, SigninAssumptions())
    assert isinstance(got, TotpDevice) is case["accepted"]
    assert isinstance(got, Refused) is not case["accepted"]


@given(offset=st.integers(-30, 30), drift=st.integers(-20, 20), window=st.integers(0, 3))
def test_verify_takes_a_code_within_the_window_only(offset, drift, window):
    assumptions = SigninAssumptions(totp_window=window)
    got = TotpDevice(SEED, drift=drift).verify(
        code_at(SEED, STEP + drift + offset), NOW, assumptions
    )
    assert isinstance(got, TotpDevice) is (abs(offset) <= window)
    if isinstance(got, TotpDevice):
        assert got.drift == drift + offset
        assert got.last_step == STEP + drift + offset


@given(offsets=st.lists(st.integers(-2, 2), min_size=1, max_size=12), step=st.integers(0, 3))
def test_no_code_is_accepted_twice(offsets, step):
    device, now, accepted = TotpDevice(SEED), NOW, []
    for offset in offsets:
        tried = step_of(now) + offset
        got = device.verify(code_at(SEED, tried), now, ASSUMPTIONS)
        if isinstance(got, TotpDevice):
            device = got
            accepted.append(tried)
        now += step * PERIOD
    assert accepted == sorted(set(accepted))


def test_the_codes_of_the_enrolment_are_used_up():
    device = enabled()
    for code in codes(STEP):
        assert isinstance(device.verify(code, NOW, ASSUMPTIONS), Refused)
    assert isinstance(device.verify(code_at(SEED, STEP + 1), NOW + PERIOD, ASSUMPTIONS), TotpDevice)


@pytest.mark.parametrize(("used", "accepted"), [(-2, True), (-1, False), (0, False)])
def test_neither_code_of_two_was_used_before(used, accepted):
    got = TotpDevice(SEED, last_step=STEP + used).resync(codes(STEP), NOW, ASSUMPTIONS)
    assert isinstance(got, TotpDevice) is accepted


def test_a_device_that_ran_away_needs_a_resync():
    device = enabled()
    later = NOW + 100 * PERIOD
    slow = step_of(later) - 7
    assert isinstance(device.verify(code_at(SEED, slow), later, ASSUMPTIONS), Refused)
    synced = device.resync(codes(slow), later, ASSUMPTIONS)
    assert isinstance(synced, TotpDevice)
    assert synced.drift == -7
    after = later + PERIOD
    assert isinstance(synced.verify(code_at(SEED, slow + 1), after, ASSUMPTIONS), TotpDevice)


@given(
    drift=windows,
    slips=st.lists(st.integers(-1, 1), min_size=1, max_size=20),
    wait=st.integers(3, 50),
)
def test_a_device_whose_clock_runs_steadily_is_always_let_in(drift, slips, wait):
    device = TotpDevice(SEED).enable(codes(STEP + drift), NOW, ASSUMPTIONS)
    now = NOW
    for slip in slips:  # its owner types the code of the step before, of this or of the next
        now += wait * PERIOD
        given_step = step_of(now) + device.drift + slip
        device = device.verify(code_at(SEED, given_step), now, ASSUMPTIONS)
        assert isinstance(device, TotpDevice)


@given(st.text(max_size=8))
def test_text_that_is_no_code_is_refused(text):
    assume(not (len(text) == 6 and text.isascii() and text.isdigit()))
    assert not is_code(text)
    assert isinstance(TotpDevice(SEED).verify(text, NOW, ASSUMPTIONS), Refused)
    assert isinstance(TotpDevice(SEED).enable((text, text), NOW, ASSUMPTIONS), Refused)


def test_full_width_digits_are_no_code():
    code = code_at(SEED, STEP).translate({ord(str(d)): 0xFF10 + d for d in range(10)})
    assert isinstance(TotpDevice(SEED).verify(code, NOW, ASSUMPTIONS), Refused)


@pytest.mark.parametrize("seed", [SEED.lower(), " ".join(SEED[i : i + 4] for i in range(0, 32, 4))])
def test_seeds_may_be_written_as_people_copy_them(seed):
    assert is_seed(seed)
    assert code_at(seed, STEP) == code_at(SEED, STEP)


def test_a_seed_has_ten_bytes_at_least():
    """Of older authenticators; RFC 4226, 4, asks for 16."""
    assert is_seed("GEZDGNBVGY3TQOJQ")  # 1234567890
    assert not is_seed("GEZDGNBVGY3TQOI=")  # 123456789


@pytest.mark.parametrize("seed", ["", "ABC", "not base32 at all 0189", "種" * 32])
def test_what_is_no_seed(seed):
    assert not is_seed(seed)


def test_a_seed_shows_nowhere():
    broken = "SECRET1SECRET1"
    assert broken not in repr(TotpDevice(broken))
    with pytest.raises(InternalError) as caught:
        code_at(broken, STEP)
    assert broken not in "".join(traceback.format_exception(caught.value))
