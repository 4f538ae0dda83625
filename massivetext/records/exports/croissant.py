"""``croissant.json``: the files of an export as Croissant 1.0 describes them."""

from collections.abc import Mapping, Sequence

from massivetext.records.exports.export_format import ExportedDataset, ExportFormat, json_file

FILE_NAME = "croissant.json"
_SCHEMA = "https://schema.org/"
# The context that the specification prescribes for version 1.0.
_CONTEXT = {
    "@language": "en",
    "@vocab": _SCHEMA,
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": _SCHEMA,
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_FIELDS = {
    "input_ids": ("token ids, unshifted and unpadded", True),
    "doc_starts": ("positions at which a crop of a document begins", True),
    "source": ("number of the source in the list of the data card", False),
    "seq_id": ("position of the sequence in the order of all sequences", False),
    "doc_ids": ("numbers of the documents that begin at doc_starts", True),
}


def croissant(exported: ExportedDataset, export_format: ExportFormat) -> bytes:
    """Return the file: every shard with its hash, and the columns if the format is one that Croissant reads.

    Licence and date are not in it: a run knows neither.
    """
    dataset = exported.dataset
    described: dict[str, object] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": dataset.name,
        "description": f"Sequences of {dataset.sequence_length} token ids, {export_format.title}.",
        "version": "1.0.0",
        "url": f"urn:massivetext:{dataset.fingerprint}",
        "distribution": [
            _file_object(file.path, file.bytes, file.sha256, export_format.media_type)
            for shards in exported.splits.values()
            for shard in shards
            for file in shard.files
        ],
    }
    if export_format.name == "parquet":
        fields = [name for name in _FIELDS if name != "doc_ids" or dataset.has_doc_ids]
        described["recordSet"] = [
            _record_set(split, number, shard.files[0].path, fields)
            for split, shards in exported.splits.items()
            for number, shard in enumerate(shards)
        ]
    return json_file(described)


def _file_object(path: str, size: int, sha256: str, media_type: str) -> Mapping[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{size} B",
        "encodingFormat": media_type,
        "sha256": sha256,
    }


def _record_set(split: str, number: int, path: str, names: Sequence[str]) -> Mapping[str, object]:
    name = f"{split}-{number:05d}"
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": _FIELDS[column][0],
            "dataType": "sc:Integer",
            **({"repeated": True} if _FIELDS[column][1] else {}),
            "source": {"fileObject": {"@id": path}, "extract": {"column": column}},
        }
        for column in names
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}
