internal import AssayMessages
internal import Crypto
internal import Foundation
internal import RPC
internal import Storage
internal import Wire

/// A call that changes rules: on whose behalf, and what makes a retry of it the same call.
struct RuleRequest: Sendable {
    static let lifetimeSeconds: Int64 = 86_400

    var key: [UInt8]
    var digest: [UInt8]
    var at: Timestamp
    /// Proven by the caller's key or certificate.
    var client: String
    var tenant: String
    /// The client and, if the call names somebody else, whom it says it acts for.
    var actor: String

    init<Message: WireMessage>(
        _ message: Message, id: String, method: String, stated: String, by caller: Caller,
        at time: Timestamp
    ) {
        key = Array("\(caller.tenant)\0\(caller.client)\0\(method)\0\(id)".utf8)
        digest = Array(SHA256.hash(data: message.encoded()))
        at = time
        client = caller.client.limited(to: 128)
        tenant = caller.tenant.limited(to: 64)
        let isOther = !stated.isEmpty && stated != caller.client
        actor = (isOther ? "\(caller.client) for \(stated)" : caller.client).limited(to: 128)
    }

    /// The answer that the same call got within a day.
    func remembered<Answer: WireMessage>(
        in store: any KeyValueStore, as type: Answer.Type
    ) throws -> Answer? {
        guard let row = try store.get(key, in: RuleFamilies.requests),
            let fields = ByteFields.decode(row, count: 3),
            let then = ByteFields.number(fields[0]).map({ Int64(bitPattern: $0) }),
            at.seconds.subtractingReportingOverflow(then).partialValue < Self.lifetimeSeconds
        else { return nil }
        guard fields[1] == digest else {
            throw RPCError(
                .alreadyExists, "the request_id belongs to another request of this caller",
                reason: "REQUEST_ID_TAKEN")
        }
        return try Answer(decoding: fields[2], door: .strict)
    }

    func remember(_ answer: some WireMessage, in batch: inout WriteBatch) {
        let row = ByteFields.encode([
            ByteFields.number(UInt64(bitPattern: at.seconds)), digest, answer.encoded(),
        ])
        batch.put(key, row, in: RuleFamilies.requests)
    }

    /// A step of a change, before it has a place in the log.
    func record(_ kind: String, reason: String, ticket: String) -> AssayRiskV1.ChangeRecord {
        AssayRiskV1.ChangeRecord(
            kind: kind, tenant: tenant, at: at, actor: actor, reason: reason, ticket: ticket)
    }
}
