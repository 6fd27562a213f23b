internal import AssayMessages
internal import Inference

extension RegistryInspection {
    /// Which ensembles name a version follows from their files. Of one whose file is gone or damaged,
    /// which is told elsewhere, nothing follows.
    func inspectEnsembles(_ rows: InspectedRows, _ report: inout InspectionReport) {
        var expected: [RegistryKey: Set<VersionShelf.Place>] = [:]
        var unknown: Set<VersionShelf.Place> = []
        for version in rows.versions where version.format == ModelFormat.assayEnsemble.rawValue {
            let place = VersionShelf.Place(model: version.model, version: version.number)
            guard !rows.isErased(version), let digest = ArtifactDigest(version.artifact),
                let bytes = try? artifacts.get(digest), let file = try? EnsembleFile(bytes)
            else {
                unknown.insert(place)
                continue
            }
            for member in file.members {
                let key = RegistryKey(.ensembles, member.model, UInt32(member.version))
                expected[key, default: []].insert(place)
            }
        }
        let keys = Set(expected.keys).union(rows.ensembles.keys)
        for key in keys.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            let present = Set(rows.ensembles[key] ?? []).subtracting(unknown)
            if present != expected[key] ?? [] {
                report.find("\(key)", "it does not say which ensembles name the version")
            }
        }
    }
}
