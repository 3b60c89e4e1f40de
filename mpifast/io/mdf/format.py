"""The datasets of MDF v2.1 in one table, which the writer, the reader and the validator share.

Shapes are in HDF5's order, which is NumPy's; "-" is a scalar dataspace. The letters:

A tracers, B sparse coefficients, C receive channels, D drive channels, E background frames, F frequencies of a drive
channel, J periods of a frame, K frequencies (V // 2 + 1 or those selected), N frames, O = N - E, P, Q, S voxels, frames
and channels of a reconstruction, U points of a waveform, V samples of a period, Y parts of a period.

Need: "always", "group" (where its group exists), "reader" (optional in the specification, but MPIFiles.jl or MPIReco.jl
go wrong without it), "optional", or the flag under /measurement that asks for it.

References: Knopp et al., MDF: Magnetic Particle Imaging Data Format, arXiv:1602.06072v9 (version 2.1.0); MPIFiles.jl
0.19, src/MDF.jl.
"""

from __future__ import annotations

from typing import NamedTuple

VERSION = "2.1.0"
EXTENSIONS = (".mdf", ".hdf", ".h5")
ORDERS = ("xyz", "xzy", "yxz", "yzx", "zxy", "zyx")
WAVEFORMS = ("sine", "triangle", "custom")
TRANSFORMATIONS = ("DCT-I", "DCT-II", "DCT-III", "DCT-IV")

# HDF5 types of a type of the format, by the names of `mpifast.io.hdf5.reader.Layout.kind`.
KINDS = {
    "string": ("string",),
    "int8": ("int8",),
    "int64": ("int64",),
    "integer": ("int8", "int16", "int32", "int64"),
    "float64": ("float64",),
    "complex": ("complex64", "complex128"),
    "number": ("int8", "int16", "int32", "int64", "float32", "float64"),
    "data": ("int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128"),
}

_TABLE = """
/version                                          string   -          always    version
/uuid                                             string   -          always    uuid
/time                                             string   -          always    time

/study/name                                       string   -          always
/study/number                                     int64    -          always
/study/uuid                                       string   -          always    uuid
/study/description                                string   -          always
/study/time                                       string   -          optional  time

/experiment/name                                  string   -          always
/experiment/number                                int64    -          always
/experiment/uuid                                  string   -          always    uuid
/experiment/description                           string   -          always
/experiment/subject                               string   -          always
/experiment/isSimulation                          int8     -          always    flag

/scanner/boreSize                                 float64  -          optional  positive
/scanner/facility                                 string   -          always
/scanner/manufacturer                             string   -          always
/scanner/name                                     string   -          always
/scanner/operator                                 string   -          always
/scanner/topology                                 string   -          always

/tracer/name                                      string   A          group
/tracer/batch                                     string   A          group
/tracer/vendor                                    string   A          group
/tracer/solute                                    string   A          group
/tracer/concentration                             float64  A          group     finite
/tracer/volume                                    float64  A          group     finite
/tracer/injectionTime                             string   A          optional  time

/acquisition/startTime                            string   -          always    time
/acquisition/numAverages                          int64    -          always    positive
/acquisition/numFrames                            int64    -          always    positive
/acquisition/numPeriodsPerFrame                   int64    -          always    positive
/acquisition/gradient                             float64  J,Y,3,3    reader    diagonal
/acquisition/offsetField                          float64  J,Y,3      optional  finite

/acquisition/drivefield/numChannels               int64    -          always    positive
/acquisition/drivefield/baseFrequency             float64  -          always    positive
/acquisition/drivefield/divider                   integer  D,F        always    positive
/acquisition/drivefield/cycle                     float64  -          always    positive
/acquisition/drivefield/strength                  float64  J,D,F      always    finite
/acquisition/drivefield/phase                     float64  J,D,F      always    phase
/acquisition/drivefield/waveform                  string   D,F        always    waveform
/acquisition/drivefield/customWaveform            float64  D,F,U      optional  finite

/acquisition/receiver/numChannels                 int64    -          always    positive
/acquisition/receiver/bandwidth                   float64  -          always    positive
/acquisition/receiver/numSamplingPoints           int64    -          always    positive
/acquisition/receiver/unit                        string   -          always
/acquisition/receiver/dataConversionFactor        number   C,2        optional  finite
/acquisition/receiver/transferFunction            complex  C,K        optional  finite
/acquisition/receiver/transferFunctionFileName    string   -          optional
/acquisition/receiver/inductionFactor             float64  C          optional  finite

/measurement/data                                 data     data       group     finite
/measurement/isBackgroundCorrected                int8     -          group     flag
/measurement/isBackgroundFrame                    int8     N          group     flag
/measurement/isFastFrameAxis                      int8     -          group     flag
/measurement/isFourierTransformed                 int8     -          group     flag
/measurement/isFramePermutation                   int8     -          group     flag
/measurement/isFrequencySelection                 int8     -          group     flag
/measurement/isSparsityTransformed                int8     -          group     flag
/measurement/isSpectralLeakageCorrected           int8     -          group     flag
/measurement/isTransferFunctionCorrected          int8     -          group     flag
/measurement/framePermutation                     integer  N          isFramePermutation       permutation
/measurement/frequencySelection                   integer  K          isFrequencySelection     indices
/measurement/sparsityTransformation               string   -          isSparsityTransformed    transformation
/measurement/subsamplingIndices                   integer  J,C,K,B    isSparsityTransformed    positive

/calibration/method                               string   -          group
/calibration/size                                 integer  3          reader    positive
/calibration/fieldOfView                          float64  3          reader    positive
/calibration/fieldOfViewCenter                    float64  3          reader    finite
/calibration/order                                string   -          reader    order
/calibration/snr                                  float64  J,C,K      reader    snr
/calibration/deltaSampleSize                      float64  3          optional  finite
/calibration/positions                            float64  O,3        optional  finite
/calibration/offsetFields                         float64  O,3        optional  finite
/calibration/isMeanderingGrid                     int8     -          optional  flag

/reconstruction/data                              number   Q,P,S      group     finite
/reconstruction/size                              integer  3          reader    positive
/reconstruction/fieldOfView                       float64  3          reader    positive
/reconstruction/fieldOfViewCenter                 float64  3          reader    finite
/reconstruction/order                             string   -          reader    order
/reconstruction/positions                         float64  P,3        optional  finite
/reconstruction/isOverscanRegion                  int8     P          optional  flag
"""


# Names of mpifast's own in the files that it writes. Nobody else fills them: they are read back as facts.
OWN = (
    "/_mpifast",
    "/acquisition/_voxels",
    "/acquisition/receiver/_harmonics",
    "/acquisition/receiver/_rows",
    "/calibration/_axes",
    "/calibration/_error",
    "/calibration/_nodes",
    "/calibration/_placed",
    "/calibration/_tolerance",
    "/measurement/_phantoms",
    "/reconstruction/_matrix",
    "/reconstruction/_measurement",
    "/reconstruction/_parameter",
    "/reconstruction/_residual",
    "/reconstruction/_selection",
    "/reconstruction/_solver",
    "/reconstruction/_weights",
    "/tracer/_diameters",
    "/tracer/_model",
    "/tracer/_particle",
    "/tracer/_saturationMagnetization",
    "/tracer/_temperature",
)


class Field(NamedTuple):
    """A line of the table."""

    path: str
    kind: str
    shape: str
    need: str
    rule: str

    @property
    def group(self) -> str:
        """Its top group, e.g. "/acquisition"; "/" for those in the root."""
        return "/" + self.path.split("/")[1] if self.path.count("/") > 1 else "/"


_LINES = [line.split() for line in _TABLE.splitlines() if line]
FIELDS = {words[0]: Field(words[0], words[1], words[2], words[3], "".join(words[4:])) for words in _LINES}
GROUPS = sorted({path.rsplit("/", 1)[0] for path in FIELDS} - {""} | {"/acquisition"})
DATA = "/measurement/data"


def voxel_centres(size: int, field_of_view: float, centre: float = 0.0) -> list[float]:
    """Positions of the voxels along one axis: c + fov/2 (-1 + (2 i - 1)/N), i = 1 ... N, in the unit of
    ``field_of_view``.

    The field of view of the format reaches from the outer face of the first voxel to that of the last, half a voxel
    beyond their centres.

    Examples
    --------
    >>> voxel_centres(4, 0.8)
    [-0.30000000000000004, -0.1, 0.1, 0.30000000000000004]
    """
    return [centre + 0.5 * field_of_view * (-1.0 + (2 * i - 1) / size) for i in range(1, size + 1)]
