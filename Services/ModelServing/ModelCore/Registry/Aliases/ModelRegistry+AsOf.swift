package import AssayMessages
internal import RPC
internal import Wire

extension ModelRegistry {
    /// Which version answered under an alias at a moment, and the change that made it so.
    package func asOf(
        _ request: AssayModelsV1.AsOfRequest
    ) async throws -> AssayModelsV1.AsOfResponse {
        let newest = try snapshot.model(request.model).sequence
        let alias = request.alias.isEmpty ? Predictor.defaultAlias : request.alias
        return try await Self.translated {
            let last = try await rows.lastEvent(request.model, upTo: request.time, newest)
            var found: AssayModelsV1.Event?
            try await rows.eventsBackwards(request.model, before: last + 1) { event in
                guard event.alias == alias, event.movesAlias || event.kind == .aliasDeleted else {
                    return true
                }
                found = event
                return false
            }
            return AssayModelsV1.AsOfResponse(
                version: found.map { $0.kind == .aliasDeleted ? 0 : $0.version } ?? 0,
                event: found)
        }
    }
}

extension RegistryRows {
    /// The sequence of the newest event that is not later than a moment; 0 if there is none. Times
    /// never go back within a chain, so it takes one look for each doubling of their number.
    func lastEvent(
        _ chain: String, upTo time: Timestamp, _ newest: UInt64
    ) async throws -> UInt64 {
        var (known, tooLate) = (UInt64(0), newest + 1)
        while known + 1 < tooLate {
            let middle = known + (tooLate - known) / 2
            if time < (try await event(chain, middle)).time {
                tooLate = middle
            } else {
                known = middle
            }
        }
        return known
    }

    /// Events below a sequence, newest first, until the body has seen enough.
    func eventsBackwards(
        _ chain: String, before sequence: UInt64,
        _ body: (AssayModelsV1.Event) throws -> Bool
    ) async throws {
        let page: UInt64 = 256
        var end = sequence
        while end > 1 {
            let start = end > page ? end - page : 1
            let events = try await events(chain, after: start - 1, limit: Int(end - start))
            for event in events.reversed() {
                guard try body(event) else { return }
            }
            end = start
        }
    }
}
