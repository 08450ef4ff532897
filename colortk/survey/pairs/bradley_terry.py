"""Bradley-Terry strengths from counts of wins.

References
----------
Bradley, R. A. and M. E. Terry (1952). Rank analysis of incomplete block designs. Biometrika 39:
    324-345.
Hunter, D. R. (2004). MM algorithms for generalized Bradley-Terry models. Annals of Statistics 32:
    384-406.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
#: Wins that every compared pair gets on each side beforehand. They keep strengths finite if one
#: version wins all its comparisons, and shrink others by less than their standard error.
PRIOR_WINS = 0.25
#: Elo points for a factor of e in the odds, and the mean of the Elo ratings.
ELO_SCALE, ELO_MEAN = 400 / math.log(10), 1500.0
_STEPS, _TOLERANCE, _LONGEST_STEP, _RIDGE = 100, 1e-9, 2.0, 1e-9


def strengths(wins: Floats, prior: float = PRIOR_WINS) -> Floats:
    """Return the log strengths, which add up to 0, that maximize the likelihood of the wins.

    Parameters
    ----------
    wins : ndarray
        (…, K, K): how often the version of the row was preferred to that of the column. Weights
        that are not whole numbers are allowed; the diagonal is ignored.
    prior : float
        Wins that each side of each compared pair gets beforehand.

    Returns
    -------
    ndarray
        (…, K). The odds that i is preferred to j are exp(s_i - s_j). Versions that are not
        connected by comparisons get strengths relative to the mean of those that are.
    """
    count = wins.shape[-1]
    wins = np.array(wins, dtype=np.float64)
    wins[..., np.arange(count), np.arange(count)] = 0
    compared = (wins + np.swapaxes(wins, -1, -2)) > 0
    wins += prior * compared
    games = wins + np.swapaxes(wins, -1, -2)
    values = np.zeros(wins.shape[:-1])
    diagonal = np.arange(count)
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(values[..., None, :] - values[..., :, None]))
        gradient = (wins - games * chance).sum(-1)
        information = -games * chance * (1 - chance)
        information[..., diagonal, diagonal] = -information.sum(-1)
        # The strengths have no origin: the constant makes the matrix regular and their sum 0. The
        # ridge does the same if comparisons do not connect all versions.
        regular = information + 1 / count + _RIDGE * np.eye(count)
        step = np.linalg.solve(regular, gradient[..., None])[..., 0]
        longest = np.abs(step).max(-1, keepdims=True, initial=1e-300)
        values = values + step * np.minimum(1, _LONGEST_STEP / longest)
        values -= values.mean(-1, keepdims=True)
        if np.abs(step).max(initial=0) < _TOLERANCE:
            break
    return values


def connected(wins: Floats) -> bool:
    """Return whether comparisons connect all versions, directly or through others."""
    linked = (wins + wins.T) > 0
    reached = {0}
    frontier = [0]
    while frontier:
        for other in np.flatnonzero(linked[frontier.pop()]):
            if int(other) not in reached:
                reached.add(int(other))
                frontier.append(int(other))
    return len(reached) == len(wins)


def elo(values: Floats) -> Floats:
    """Return Elo ratings with a mean of 1500: 400 points are odds of 10 to 1."""
    ratings: Floats = ELO_MEAN + ELO_SCALE * (values - values.mean())
    return ratings
