internal import AssayMessages
internal import Storage
internal import Wire

// The rows of a store that was written before there were any: made once, from its records.

extension DecisionSearch {
    private static let recordsOfOneBatch = 256

    /// Makes the rows of the records up to `last`; what is decided meanwhile brings its own.
    func build(to last: UInt64) {
        queue.async { [self] in
            do {
                var done = try cursor()
                while done < last {
                    done = try buildSome(after: done, to: last)
                    state.withLock { $0 = .building(done: done, of: last) }
                }
                try Self.markBuilt(in: store)
                state.withLock { $0 = .ready }
            } catch {
                state.withLock { $0 = .failed("\(error)") }
            }
        }
    }

    private func cursor() throws -> UInt64 {
        try store.get(Self.cursorKey, in: DecisionLog.meta)?.reduce(0) { $0 << 8 | UInt64($1) } ?? 0
    }

    private func buildSome(after done: UInt64, to last: UInt64) throws -> UInt64 {
        var batch = WriteBatch()
        var reached = done
        let (first, end) = (DecisionLog.key(done + 1), DecisionLog.key(last + 1))
        let rows = try store.rows(
            DecisionLog.records, KeyRange(from: first, to: end), limit: Self.recordsOfOneBatch)
        for row in rows {
            reached = row.key.reduce(0) { $0 << 8 | UInt64($1) }
            let sealed = try SealedRecord.verify(row.value)
            guard sealed.name == AssayRiskV1.DecisionRecord.fullName else { continue }
            let record: AssayRiskV1.DecisionRecord = try sealed.open()
            Self.rows(
                for: record, at: reached, subjects: try subjects(of: record), into: &batch)
        }
        if rows.isEmpty { reached = last }
        batch.put(Self.cursorKey, DecisionLog.key(reached), in: DecisionLog.meta)
        try store.write(batch, sync: false)
        return reached
    }

    /// From the evidence, or from the request as far as it is still there.
    private func subjects(of record: AssayRiskV1.DecisionRecord) throws -> [String] {
        if let evidence = try DecisionEvidence.read(record.sequence, from: store) {
            return evidence.subjects
        }
        guard let bytes = try DecisionIndex.request(of: record, in: store) else { return [] }
        switch record.kind {
        case .transaction:
            let request = try AssayRiskV1.AssessTransactionRequest(decoding: bytes, door: .strict)
            return [request.customer?.customerID, request.account?.accountID].compactMap { $0 }
        case .credit:
            let request = try AssayRiskV1.AssessCreditRequest(decoding: bytes, door: .strict)
            return [request.customer.customerID]
        case .unspecified, .unrecognized: return []
        }
    }
}
