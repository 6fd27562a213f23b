internal import AssayMessages

/// Whether a version takes what callers of an alias send: the vector that the present version is
/// pinned to, or, where it is pinned to none, its inputs in their order.
enum CompatibleGate {
    static func result(_ move: AliasMove) -> AssayModelsV1.GateResult {
        guard let present = move.present else { return .passed("the alias has no callers yet") }
        let findings = problems(next: move.record.manifest, present: present.manifest)
        guard !findings.isEmpty else { return .passed("it takes what callers send") }
        let shown = findings.prefix(4).joined(separator: ", ")
        let more = findings.count > 4 ? ", and \(findings.count - 4) more" : ""
        return .failed(
            "callers send what version \(present.version.number) takes: \(shown)\(more). Give such "
                + "a version an alias of its own, and let callers change over")
    }

    static func problems(
        next: AssayModelsV1.Manifest, present: AssayModelsV1.Manifest
    ) -> [String] {
        if present.vector.isEmpty { return orderProblems(next, present) }
        if next.vector.isEmpty {
            return ["the vector \(present.vector), and this version is pinned to none"]
        }
        let (theirs, own) = (present.vectorFingerprint, next.vectorFingerprint)
        guard theirs.isEmpty || own.isEmpty ? next.vector == present.vector : theirs == own else {
            return ["the vector \(present.vector), and this version takes \(next.vector)"]
        }
        return typeProblems(next, present)
    }

    /// Every input is in the vector, and has the type that the present version gives it.
    private static func typeProblems(
        _ next: AssayModelsV1.Manifest, _ present: AssayModelsV1.Manifest
    ) -> [String] {
        let fields = Set(
            present.vectorFields.isEmpty ? present.inputs.map(\.name) : present.vectorFields)
        let known = Dictionary(present.inputs.map { ($0.name, $0) }) { first, _ in first }
        return next.inputs.compactMap { input in
            guard fields.contains(input.name) else { return "no \(input.name)" }
            return known[input.name].flatMap { difference(input, $0) }
        }
    }

    private static func orderProblems(
        _ next: AssayModelsV1.Manifest, _ present: AssayModelsV1.Manifest
    ) -> [String] {
        guard next.inputs.count == present.inputs.count else {
            return ["\(present.inputs.count) values, and this version takes \(next.inputs.count)"]
        }
        return zip(next.inputs, present.inputs).enumerated().compactMap { index, pair in
            guard pair.0.name == pair.1.name else {
                return "\(pair.1.name) at \(index), where this version takes \(pair.0.name)"
            }
            return difference(pair.0, pair.1)
        }
    }

    /// A category's codes keep their meaning: texts may only be added behind those there are.
    private static func difference(
        _ next: AssayModelsV1.InputField, _ present: AssayModelsV1.InputField
    ) -> String? {
        guard next.kind == present.kind else {
            return "\(next.name) as a \(present.kind), where this version takes a \(next.kind)"
        }
        guard next.vocabulary.starts(with: present.vocabulary) else {
            return "\(next.name) with other codes for its categories"
        }
        return nil
    }
}
