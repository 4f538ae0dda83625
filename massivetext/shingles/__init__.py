"""Shingles: hashes of the word n-grams that near-duplicate search and test-set filtering compare.

Rae et al. 2021, A.1.1, compare documents by the Jaccard similarity of their 13-grams; to raise recall they normalise
white space and ignore punctuation. They do not mention case, so it counts unless a caller asks for lower case.

What a word is, is defined twice and compared by tests: in plain Python (:mod:`massivetext.shingles.normalised`) and in
compiled code (:mod:`massivetext.shingles.word_stream`).
"""

from massivetext.shingles.normalised import normalised_words as normalised_words
from massivetext.shingles.shingle_sets import shingle_hashes as shingle_hashes
from massivetext.shingles.shingle_sets import shingle_hashes_of as shingle_hashes_of
