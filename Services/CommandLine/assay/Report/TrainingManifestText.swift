import AssayMessages

/// A manifest of a training set, for a person.
extension AssayFeaturesV1.TrainingManifest {
    var lines: [String] {
        var lines = [
            "\(String(rows, "row"))\(plan.label == nil ? "" : ", \(positives) of them positive")",
            "  vector \(plan.vector.name)@\(plan.vector.version), log up to \(lastSequence)",
        ]
        let left: [(UInt64, String)] = [
            (immature, "whose label may still come"), (unsampled, "not in the sample"),
            (mismatched, "served otherwise than the log gives"), (missing, "not in the log"),
        ]
        lines += left.filter { $0.0 > 0 }.map { "  left out: \($0.0) \($0.1)" }
        return lines
    }

    /// What differs.
    func differences(from other: AssayFeaturesV1.TrainingManifest) -> [String] {
        let all: [(String, String, String)] = [
            ("definitions", hex(definitionSet), hex(other.definitionSet)),
            ("first sequence", "\(firstSequence)", "\(other.firstSequence)"),
            ("last sequence", "\(lastSequence)", "\(other.lastSequence)"),
            ("rows", "\(rows)", "\(other.rows)"),
            ("positives", "\(positives)", "\(other.positives)"),
            ("immature", "\(immature)", "\(other.immature)"),
            ("mismatched", "\(mismatched)", "\(other.mismatched)"),
            ("engine", engineVersion, other.engineVersion),
            ("rows' SHA-256", hex(rowsDigest), hex(other.rowsDigest)),
        ]
        return all.filter { $0.1 != $0.2 }.map { "  \($0.0): \($0.1), now \($0.2)" }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
