#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bill of materials of a release, as SPDX 2.3 in JSON, on standard output.

Which packages of Debian are in an artefact is read from what was built: from the list of licences in a portable archive,
which is made from the linker's map, and from the .buildinfo of a package.
"""
import argparse
import datetime
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile

OWN_LICENCE = "GPL-2.0-only OR BSD-2-Clause"
# A line of LICENCES: "  libelf-dev 0.188-2.1 (source: elfutils 0.188-2.1)"
LISTED = re.compile(r"^  (\S+) (\S+) \(source: (\S+) (\S+)\)$")
# A line of Installed-Build-Depends: " libbpf-dev (= 1:1.1.0-1),"
INSTALLED = re.compile(r"^ ([a-z0-9][a-z0-9+.-]*)(?::\S+)? \(= (\S+)\),?$")
# Debian's name for a release, by the suffix of our version.
SUITES = {"deb12": "bookworm", "deb13": "trixie"}


def fail(what):
    sys.exit(f"bill_of_materials: {what}")


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def spdx_id(*parts):
    return "SPDXRef-" + "-".join(re.sub(r"[^A-Za-z0-9.]+", "-", part) for part in parts)


def linked_packages(archive):
    """[(name, version)] of the packages of Debian that have parts in the program of a portable archive."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.count("/") == 1 and member.name.endswith("/LICENCES"):
                text = tar.extractfile(member).read().decode()
                break
        else:
            fail(f"file '{archive}': has no LICENCES")
    found = [match.group(1, 2) for match in map(LISTED.match, text.splitlines()) if match]
    if not found:
        fail(f"file '{archive}': its LICENCES names no package")
    return found


def build_dependencies(deb, records):
    """[(name, version)] of what the package was built with and asks for by name."""
    record = records / (deb.stem + ".buildinfo")
    if not record.is_file():
        fail(f"file '{record}': is missing: what '{deb.name}' was built with is not known")
    asked = {name for name in asked_for(deb)}
    found = [match.group(1, 2) for match in map(INSTALLED.match, record.read_text().splitlines()) if match]
    return [(name, version) for name, version in found if name in asked]


def asked_for(deb):
    """The names in Build-Depends of the source package beside it."""
    source = deb.with_name(deb.name.rsplit("_", 1)[0] + ".dsc")
    text = re.sub(r"\n ", " ", source.read_text())
    line = re.search(r"^Build-Depends: (.*)$", text, re.M)
    if not line:
        fail(f"file '{source}': has no Build-Depends")
    return [re.split(r"[ :(]", entry.strip())[0] for entry in line.group(1).split(",") if entry.strip()]


def shared_libraries(deb):
    """The entries of Depends."""
    said = subprocess.run(["dpkg-deb", "--field", deb, "Depends"], check=True, capture_output=True, text=True).stdout
    return [entry.strip() for entry in said.split(",") if entry.strip()]


class Bill:
    def __init__(self, version):
        self.version = version
        self.packages = {}
        self.relationships = []

    def relate(self, one, kind, other):
        relationship = {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
        if relationship not in self.relationships:
            self.relationships.append(relationship)

    def add_artefact(self, path, purpose):
        name = spdx_id("artefact", path.name)
        self.packages[name] = {
            "SPDXID": name,
            "name": "apiguard",
            "versionInfo": self.version,
            "packageFileName": path.name,
            "primaryPackagePurpose": purpose,
            "supplier": "Organization: The apiguard authors",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "licenseConcluded": OWN_LICENCE,
            "licenseDeclared": OWN_LICENCE,
            "copyrightText": "2026 The apiguard authors",
            "checksums": [{"algorithm": "SHA256", "checksumValue": sha256(path)}],
        }
        self.relate("SPDXRef-DOCUMENT", "DESCRIBES", name)
        return name

    def add_debian(self, package, version, suite):
        name = spdx_id("debian", suite, package, version or "any")
        entry = {
            "SPDXID": name,
            "name": package,
            "supplier": "Organization: Debian",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION",
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{package}" + (f"@{version.replace(':', '%3A')}" if version else "")
                                    + f"?distro={suite}",
            }],
        }
        if version:
            entry["versionInfo"] = version
        self.packages[name] = entry
        return name


def add_portable(bill, path, source):
    artefact = bill.add_artefact(path, "ARCHIVE")
    bill.relate(artefact, "GENERATED_FROM", source)
    for package, version in linked_packages(path):
        bill.relate(artefact, "STATIC_LINK", bill.add_debian(package, version, "bookworm"))


def add_deb(bill, path, records, source):
    artefact = bill.add_artefact(path, "INSTALL")
    bill.relate(artefact, "GENERATED_FROM", source)
    suite = next((suite for suffix, suite in SUITES.items() if "~" + suffix in path.name), None)
    if suite is None:
        fail(f"file '{path.name}': is for no Debian that is known here")
    for package, version in build_dependencies(path, records):
        bill.relate(bill.add_debian(package, version, suite), "BUILD_DEPENDENCY_OF", artefact)
    for entry in shared_libraries(path):
        bill.relate(artefact, "DEPENDS_ON", bill.add_debian(entry.split()[0], "", suite))


def make(folder, version, records):
    bill = Bill(version)
    source_path = folder / f"apiguard-{version}.tar.gz"
    source = bill.add_artefact(source_path, "SOURCE")
    for path in sorted(folder.iterdir()):
        if path.name.endswith(".deb"):
            add_deb(bill, path, records, source)
        elif re.fullmatch(r"apiguard-.*-linux-[a-z0-9]+\.tar\.gz", path.name):
            add_portable(bill, path, source)
        elif path.name.endswith((".dsc", ".tar.xz")):
            bill.relate(bill.add_artefact(path, "SOURCE"), "GENERATED_FROM", source)
    return bill


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--time", type=int, required=True, help="seconds since 1970")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--records", type=pathlib.Path, required=True, help="the folder of the .buildinfo files")
    options = parser.parse_args()
    bill = make(options.folder, options.version, options.records)
    created = datetime.datetime.fromtimestamp(options.time, datetime.timezone.utc)
    json.dump({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"apiguard-{options.version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/apiguard-{options.version}-{options.commit}",
        "creationInfo": {
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: The apiguard authors", "Tool: apiguard-scripts-release"],
        },
        "packages": list(bill.packages.values()),
        "relationships": bill.relationships,
    }, sys.stdout, indent=2)
    print()


main()
