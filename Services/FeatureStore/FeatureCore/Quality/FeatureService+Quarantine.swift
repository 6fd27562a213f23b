public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Storage
internal import Synchronization
internal import Wire

/// Events that wait for a person.
extension FeatureService {
    /// Rows that one call looks at.
    private static let maximumScanned = 10_000

    public func listQuarantine(
        _ request: AssayFeaturesV1.ListQuarantineRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ListQuarantineResponse {
        let tenant = try tenant(context)
        let quarantine = try quarantine(of: tenant)
        let after = try page(request.pageToken, tenant)
        let limit = request.limit == 0 ? 100 : min(Int(request.limit), 150)
        var found: [Quarantine.Entry] = []
        var last: QuarantineKey?
        var scanned = 0
        var hasMore = false
        try quarantine.scan(tenant: tenant, after: after, now: now) { entry in
            guard found.count < limit, scanned < Self.maximumScanned else {
                hasMore = true
                return false
            }
            scanned += 1
            last = entry.key
            if matches(entry.row, request) { found.append(entry) }
            return true
        }
        var events: [AssayFeaturesV1.QuarantinedEvent] = []
        for entry in found {
            // Sent again by its producer, corrected.
            if try await store.recorded(entry.row.event.id, tenant: tenant) != nil { continue }
            events.append(
                AssayFeaturesV1.QuarantinedEvent(
                    event: entry.row.event, received: Timestamp(milliseconds: entry.key.received),
                    problems: entry.row.problems))
        }
        return AssayFeaturesV1.ListQuarantineResponse(
            events: events, nextPageToken: hasMore ? last?.suffix ?? [] : [])
    }

    private func matches(
        _ row: AssayFeaturesV1.QuarantineRow, _ request: AssayFeaturesV1.ListQuarantineRequest
    ) -> Bool {
        (request.eventType.isEmpty || row.event.type == request.eventType)
            && (request.rule.isEmpty || row.problems.contains { $0.rule == request.rule })
    }

    private func page(_ token: [UInt8], _ tenant: String) throws(RPCError) -> QuarantineKey? {
        guard !token.isEmpty else { return nil }
        guard let key = QuarantineKey(suffix: token, tenant: tenant) else {
            throw .invalid([
                FieldViolation(field: "/page_token", description: "is not one of this list")
            ])
        }
        return key
    }

    /// Records a corrected event under its id: once, however often this is called.
    public func releaseQuarantined(
        _ request: AssayFeaturesV1.ReleaseQuarantinedRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.ReleaseQuarantinedResponse {
        let tenant = try tenant(context)
        let quarantine = try quarantine(of: tenant)
        let erasures = store.erasures
        guard
            let entry = try quarantine.entry(request.eventID, tenant: tenant, now: now)
        else {
            throw RPCError(
                .notFound, "no event \"\(request.eventID)\" waits in the quarantine",
                reason: "EVENT_NOT_FOUND")
        }
        let scoring = try await scoring(
            corrected(entry.row.event, request), tenant: tenant, readAfter: erasures)
        try checkAccepted(scoring.resolved.problems, request.accepted)
        let response = try await store.begin(scoring).response()
        switch response.receipt.outcome {
        case .applied, .logged, .duplicate:
            try await store.released(
                request.eventID, tenant: tenant,
                audit: AssayFeaturesV1.AuditEntry(
                    time: store.pipeline.clock(), client: context.caller.client,
                    action: "release", object: request.eventID, reason: request.reason))
            if response.receipt.outcome != .duplicate {
                store.statistics.released.add(1, ordering: .relaxed)
            }
        default: break
        }
        return AssayFeaturesV1.ReleaseQuarantinedResponse(receipt: response.receipt)
    }

    private func corrected(
        _ event: AssayFeaturesV1.Event, _ request: AssayFeaturesV1.ReleaseQuarantinedRequest
    ) -> AssayFeaturesV1.Event {
        var event = event
        let removed = Set(request.removed)
        event.fields = WireMap(
            event.fields.filter { !removed.contains($0.key) }.map { ($0.key, $0.value) }
                + request.fields.map { ($0.key, $0.value) })
        if let time = request.time { event.time = time }
        return event
    }

    /// A person may accept what only puts an event aside, not what makes it unusable.
    private func checkAccepted(
        _ problems: [EventProblem], _ accepted: [String]
    ) throws(RPCError) {
        let left = problems.filter { problem in
            problem.policy == .reject
                || (problem.policy == .quarantine && !accepted.contains(problem.rule))
        }
        guard !left.isEmpty else { return }
        throw RPCError(
            code: .failedPrecondition,
            message: "the event still fails: "
                + left.map { "\($0.path) (\($0.rule)) \($0.text)" }.joined(separator: "; "),
            reason: "EVENT_INVALID",
            details: [
                .badRequest(left.map { FieldViolation(field: $0.path, description: $0.text) })
            ])
    }

    private var now: Int64 { store.pipeline.clock().millisecondsSinceEpoch }

    private func quarantine(of tenant: String) throws -> Quarantine {
        if let quarantine = try store.quarantine(of: tenant) { return quarantine }
        throw RPCError.askTheKeeper("the quarantine")
    }
}
