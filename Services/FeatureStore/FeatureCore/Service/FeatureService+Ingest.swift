public import AssayMessages
internal import FeatureEngine
public import RPC
internal import Wire

extension FeatureService {
    public func ingestEvents(
        _ request: AssayFeaturesV1.IngestEventsRequest, context: ServerContext
    ) async throws -> AssayFeaturesV1.IngestEventsResponse {
        let receipts = try await record(
            request.events, isLoggedOnly: request.logged, tenant: tenant(context))
        return AssayFeaturesV1.IngestEventsResponse(receipts: receipts)
    }

    /// Records events in their order and waits for all together.
    func record(
        _ events: [AssayFeaturesV1.Event], isLoggedOnly: Bool, tenant: String
    ) async -> [AssayFeaturesV1.Receipt] {
        var underway: [UnderwayReceipt] = []
        underway.reserveCapacity(events.count)
        for event in events {
            underway.append(
                await receipt(for: event, isLoggedOnly: isLoggedOnly, tenant: tenant))
        }
        var receipts: [AssayFeaturesV1.Receipt] = []
        receipts.reserveCapacity(events.count)
        for receipt in underway { receipts.append(await receipt.value()) }
        return receipts
    }

    /// Begins to record one event of many: what would fail the call of a single one stands in its
    /// receipt.
    func receipt(
        for event: AssayFeaturesV1.Event, isLoggedOnly: Bool, tenant: String
    ) async -> UnderwayReceipt {
        do {
            var scoring = try await scoring(event, tenant: tenant)
            scoring.isLoggedOnly = isLoggedOnly
            return .recording(try await begin(scoring))
        } catch {
            return .refused(Self.refusal(of: event, error))
        }
    }

    /// An event that may be sent again as it is was not recorded; another is rejected.
    private static func refusal(
        of event: AssayFeaturesV1.Event, _ error: any Error
    ) -> AssayFeaturesV1.Receipt {
        let error = error as? RPCError ?? RPCError(.internal, "the event could not be recorded")
        let isFinal = [.invalidArgument, .alreadyExists, .notFound].contains(error.code)
        return AssayFeaturesV1.Receipt(
            eventID: event.id, outcome: isFinal ? .rejected : .notRecorded,
            problems: [
                AssayFeaturesV1.Problem(
                    rule: (error.reason ?? error.code.jsonName).lowercased(),
                    path: error.firstField ?? "", message: error.message.limited(to: 512))
            ])
    }

    public func streamEvents(
        _ requests: RequestStream<AssayFeaturesV1.Event>,
        replies: ReplyWriter<AssayFeaturesV1.Receipt>, context: ServerContext
    ) async throws {
        let tenant = try tenant(context)
        let window = ReceiptWindow(limit: Self.maximumUnderway)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { window.finish() }
                for try await event in requests {
                    await window.waitForRoom()
                    try Task.checkCancellation()
                    window.put(await receipt(for: event, isLoggedOnly: true, tenant: tenant))
                }
            }
            group.addTask {
                while let receipt = await window.take() {
                    try await replies.write(await receipt.value())
                    window.taken()
                }
            }
            // The first failure ends both: a caller that went away, or what it sent.
            do {
                while try await group.next() != nil {}
            } catch {
                window.close()
                throw error
            }
        }
    }

    /// Events of a stream that have no receipt yet.
    static let maximumUnderway = 1_024
}

/// The receipt of an event that is being recorded.
enum UnderwayReceipt: Sendable {
    case recording(Recording)
    case refused(AssayFeaturesV1.Receipt)

    func value() async -> AssayFeaturesV1.Receipt {
        switch self {
        case .recording(let recording): await recording.response().receipt
        case .refused(let receipt): receipt
        }
    }
}

extension RPCError {
    /// The field that a caller is told to look at.
    var firstField: String? {
        for case .badRequest(let violations) in details { return violations.first?.field }
        return nil
    }
}

extension String {
    /// At most so many bytes, without half a character.
    func limited(to bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var end = utf8.index(startIndex, offsetBy: bytes)
        while end.samePosition(in: self) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
