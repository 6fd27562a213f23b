internal import AssayMessages
internal import RPC
internal import Storage
internal import Wire

extension ExperimentAnalyst {
    /// Takes from sealed decisions what outcomes and metrics need: which unit each was about, and the
    /// facts that the metrics of its experiments read. When it returns, all of it is durable, and so is what
    /// was written to the same store before: the exposures.
    ///
    /// - Returns: facts that were not known yet.
    /// - Throws: FAILED_PRECONDITION while a fact lies ahead of our clock. It will be taken later, so it is not
    ///   the record that is wrong.
    func record(_ records: [AssayRiskV1.DecisionRecord]) async throws -> UInt64 {
        var batch = WriteBatch()
        var facts: [AssayModelsV1.Outcome] = []
        for record in records {
            for call in SealedFacts.calls(of: record) { calls.put(call, into: &batch) }
            facts += SealedFacts.facts(of: record, named: try await names(of: record))
        }
        if let early = facts.first(where: { outcomes.isAhead($0.observedAt) }) {
            throw RPCError(
                .failedPrecondition,
                "decision \(early.id.prefix { $0 != "/" }) was made at \(early.observedAt), which lies "
                    + "more than \(OutcomeLog.allowedLeadMilliseconds / 1_000) s ahead of the clock here; "
                    + "set the clocks of both hosts right, and tell it again", reason: "clock_ahead"
            )
        }
        // Not behind analyses, which may take long: a caller would give up, and call again.
        if !batch.isEmpty { try await outcomes.write(batch) }
        var recorded = 0
        var rest = facts[...]
        while !rest.isEmpty {
            let part = rest.prefix(OutcomeLog.outcomesPerBatch)
            recorded += try await outcomes.record(Array(part)).recorded
            rest = rest.dropFirst(part.count)
        }
        return UInt64(recorded)
    }

    /// What the metrics of a decision's experiments read of decisions.
    private func names(of record: AssayRiskV1.DecisionRecord) async throws -> [String] {
        var names: Set<String> = []
        for exposure in SealedExposures.exposures(of: record) {
            let specification = try? await control.specification(
                of: exposure.experiment, epoch: exposure.epoch)
            for metric in specification?.metrics ?? [] {
                names.formUnion([metric.event, metric.value, metric.numerator, metric.denominator])
            }
        }
        return names.filter { $0.hasPrefix("event.") || $0.hasPrefix("decision.") }.sorted()
    }
}

/// What a sealed decision says that metrics may read: `event.…` and `decision.…`.
enum SealedFacts {
    /// The facts of these names, as outcomes of the decision. Nothing is said of a value of 0: sums do not
    /// need it.
    static func facts(
        of record: AssayRiskV1.DecisionRecord, named names: [String]
    ) -> [AssayModelsV1.Outcome] {
        let id = "\(record.decisionID)"
        return names.compactMap { name in
            guard let value = value(name, record), value != 0, value.isFinite else { return nil }
            return AssayModelsV1.Outcome(
                id: "\(id)/\(name)", subject: .decision(id), name: name, value: value,
                observedAt: record.decidedAt)
        }
    }

    /// The calls by which outcomes may name the decision: its own id, and that of its request.
    static func calls(of record: AssayRiskV1.DecisionRecord) -> [CallIndex.Call] {
        SealedExposures.exposures(of: record).flatMap { exposure in
            ["\(record.decisionID)", record.requestID].filter { !$0.isEmpty }.map {
                CallIndex.Call(
                    experiment: exposure.experiment, epoch: exposure.epoch, id: $0,
                    unit: exposure.unitHash, at: record.decidedAt.millisecondsSinceEpoch)
            }
        }
    }

    private static func value(_ name: String, _ record: AssayRiskV1.DecisionRecord) -> Double? {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "decision": return decided(parts[1], record.outcome)
        case "event":
            guard let facts = record.facts?.known else { return nil }
            // The rule language calls the payment `tx`.
            return number(parts[1], facts) ?? number("tx.\(parts[1])", facts)
        default: return nil
        }
    }

    /// A fact as a number, unless it is personal or a text.
    private static func number(_ name: String, _ facts: AssayRiskV1.FactColumns) -> Double? {
        let key = NameKey.of(name)
        if facts.trueKeys.contains(key) { return 1 }
        if facts.falseKeys.contains(key) { return 0 }
        if let index = facts.integerKeys.firstIndex(of: key), index < facts.integers.count {
            return Double(facts.integers[index])
        }
        if let index = facts.numberKeys.firstIndex(of: key), index < facts.numbers.count {
            return facts.numbers[index]
        }
        return nil
    }

    private static func decided(
        _ name: String, _ outcome: AssayRiskV1.RecordedOutcome
    ) -> Double? {
        switch name {
        case "approved": outcome.status == .approved ? 1 : 0
        case "challenged": outcome.status == .challenge ? 1 : 0
        case "reviewed": outcome.status == .review ? 1 : 0
        case "declined": outcome.status == .declined ? 1 : 0
        case "score": Double(outcome.score)
        case "probability": outcome.modelProbability
        // Every decision is one: the denominator of rates by decision.
        case "count": 1
        default: nil
        }
    }
}
