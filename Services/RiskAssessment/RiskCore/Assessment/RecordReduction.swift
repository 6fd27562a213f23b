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
        guard let facts = record.facts else { return 0 }
        let needed = neededFacts
        var candidates: [(key: UInt32, bytes: Int)] = []
        for (key, text) in zip(facts.known.textKeys, facts.known.texts) {
            guard let slot = rules.catalogue.slot(ofKey: key), !needed.contains(slot) else {
                continue
            }
            candidates.append((key, text.utf8.count))
        }
        candidates.sort { $0.bytes != $1.bytes ? $0.bytes > $1.bytes : $0.key < $1.key }
        var freed = 0
        var gone: Set<UInt32> = []
        for candidate in candidates where freed < wanted {
            gone.insert(candidate.key)
            freed += candidate.bytes
        }
        if !gone.isEmpty { record.facts = facts.omitting(gone) }
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

extension AssayRiskV1.RecordedFacts {
    /// The same without the values of these facts, which it then says to be omitted.
    fileprivate func omitting(_ gone: Set<UInt32>) -> AssayRiskV1.RecordedFacts {
        var facts = self
        facts.known = AssayRiskV1.FactColumns()
        facts.omitted = (omitted + gone).sorted()
        var (empty, claimed): ([UInt32], [UInt32]) = ([], [])
        visit { entry in
            if entry.status == .empty { empty.append(entry.key) }
            if entry.isClaimed { claimed.append(entry.key) }
            if case .value(let value) = entry.content, !gone.contains(entry.key) {
                facts.known.append(entry.key, value)
            }
        }
        facts.mark(empty: empty.sorted(), claimed: claimed.sorted())
        return facts
    }
}
