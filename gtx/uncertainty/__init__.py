"""How far a prediction can be trusted. Functions of numpy arrays, one idea a file.

Predictions of an ensemble are float32 [members, targets, dim]; one model is a single member.
"""

from gtx.uncertainty.calibration import Calibration as Calibration
from gtx.uncertainty.conformal import TooFewError as TooFewError
from gtx.uncertainty.members import deviation as deviation
from gtx.uncertainty.members import mean as mean
from gtx.uncertainty.members import mutual_information as mutual_information
