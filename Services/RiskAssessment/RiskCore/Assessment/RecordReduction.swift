internal import AssayMessages
internal import Wire

/// Keeps records within their limit: what only rules that did not hold read goes first, and the record says so.
///
/// What was decided, what it was decided by, and which rules held always stay: a record that is too large for those
/// alone is sealed as it is.
struct RecordReduction {
    /// Bytes of an encoded record, without its place in the chain and its seal.
    static let maximumBytes = 16 << 10

    let rules: RuleSet
    let run: RuleRun

    func reduce(_ record: inout AssayRiskV1.DecisionRecord) {
        let size = record.encodedSize
        guard size > Self.maximumBytes else { return }
        let freed = omitTexts(of: &record, size - Self.maximumBytes)
        if size - freed > Self.maximumBytes { forgetRow(of: &record) }
    }

    /// Leaves out texts and lists, the longest first. Numbers are short, and much more may depend on them.
    ///
    /// - Returns: how many bytes were freed, at least.
    private func omitTexts(
        of record: inout AssayRiskV1.DecisionRecord, _ wanted: Int
    ) -> Int {
        guard var facts = record.facts else { return 0 }
        let needed = neededFacts
        var candidates: [(index: Int, bytes: Int)] = []
        for (index, key) in facts.keys.enumerated() {
            guard case .text(let text) = facts.values[index],
                let slot = rules.catalogue.slot(ofKey: key), !needed.contains(slot)
            else { continue }
            candidates.append((index, text.utf8.count))
        }
        candidates.sort { $0.bytes != $1.bytes ? $0.bytes > $1.bytes : $0.index < $1.index }
        var freed = 0
        var gone: Set<Int> = []
        for candidate in candidates where freed < wanted {
            gone.insert(candidate.index)
            freed += candidate.bytes
        }
        guard !gone.isEmpty else { return 0 }
        let kept = facts.keys.indices.filter { !gone.contains($0) }
        facts.omitted = (facts.omitted + gone.map { facts.keys[$0] }).sorted()
        (facts.keys, facts.values) = (kept.map { facts.keys[$0] }, kept.map { facts.values[$0] })
        record.facts = facts
        return freed
    }

    /// Facts of rules that said something else than no.
    private var neededFacts: Set<Int> {
        var slots: Set<Int> = []
        for entry in run.entries where entry.verdict != .skipped {
            let rule = rules.rules[entry.rule]
            slots.formUnion(rule.facts)
            slots.formUnion(rule.text.facts)
        }
        return slots
    }

    /// What the model was given: its digest stays, and the model cannot be asked again.
    private func forgetRow(of record: inout AssayRiskV1.DecisionRecord) {
        for index in record.vectors.indices {
            record.vectors[index].values = []
            record.vectors[index].status = []
        }
    }
}
