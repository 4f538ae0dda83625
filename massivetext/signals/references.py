"""Sources of signals that several modules name: the paper, or what a signal of ours follows."""

GOPHER_QUALITY = "Rae et al. 2021, A.1.1, quality filtering"
GOPHER_REPETITION = "Rae et al. 2021, A.1.1, repetition removal, Table A1"
REDPAJAMA = "ours, after RedPajama-V2 (Weber et al. 2024, quality signals)"
STARCODER = "ours, after StarCoder2 (Lozhkov et al. 2024, A.1)"
REPORTED = "ours: what every report counts"
