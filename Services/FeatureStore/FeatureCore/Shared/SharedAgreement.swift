internal import FeatureEngine
internal import RPC
internal import Redis

/// What all processes of a shared store must have in common: the master key, which the pseudonyms
/// come from, and the generation of states that the definitions give.
///
/// Another key or generation would find no state of anybody, and all values would look like those of
/// strangers. So whoever comes first leaves a check value of the key, and with each tenant's first
/// event the generation; who does not fit is refused.
struct SharedAgreement: Sendable {
    private let definitions: DefinitionSet
    private let keyCheck: String
    private let timeout: Duration

    init(_ definitions: DefinitionSet, masterKey: MasterKey, timeout: Duration = .seconds(5)) {
        self.definitions = definitions
        keyCheck = SharedKeys.hex(StoreKey.check(of: masterKey))
        self.timeout = timeout
    }

    /// Holds the process against all that is known in the store.
    func check(_ redis: any RedisSender) async throws {
        let replies = try await redis.send(
            [
                RedisCommand("SETNX", key: SharedKeys.keyCheck, Array(keyCheck.utf8)),
                RedisCommand("GET", key: SharedKeys.keyCheck),
                RedisCommand("SMEMBERS", key: SharedKeys.tenants),
            ], timeout: timeout)
        for reply in replies {
            if let error = reply.error { throw UnfitServer(description: error.description) }
        }
        guard replies[1].text == keyCheck else {
            throw UnfitServer(
                description: "the shared store was made with another master key: all its servers"
                    + " and its keeper need the same file for --master-key")
        }
        for tenant in replies[2].elements?.compactMap(\.text) ?? [] {
            try await admit(tenant, redis, timeout: timeout)
        }
    }

    /// Makes a tenant known, and the generation of its states ours; false if the store takes no writes
    /// at present. Throws ``UnfitServer`` if they are of another generation.
    @discardableResult
    func admit(
        _ tenant: String, _ redis: any RedisSender, timeout: Duration
    ) async throws -> Bool {
        let active = SharedKeys(tenant: tenant).active
        let replies = try await redis.send(
            [
                RedisCommand("SETNX", key: active, Array(ours.utf8)),
                RedisCommand("GET", key: active),
                RedisCommand("SADD", key: SharedKeys.tenants, Array(tenant.utf8)),
            ], timeout: timeout)
        guard let known = replies[1].text else {
            throw replies[1].error ?? replies[0].error ?? RedisServerError("ERR no reply to GET")
        }
        let isWritten = replies.allSatisfy { $0.error == nil }
        guard known != ours else { return isWritten }
        guard known.hasSuffix(generation) else { throw refusal(of: known, tenant) }
        // Other words for the same states: those who came last count.
        let reply = try await redis.send(
            RedisCommand("SET", key: active, Array(ours.utf8)), timeout: timeout)
        return isWritten && reply.error == nil
    }

    private func refusal(of known: String, _ tenant: String) -> UnfitServer {
        guard known.hasSuffix(Self.layout) else {
            return UnfitServer(
                description: "the states of tenant \"\(tenant)\" lie in the shared store as another"
                    + " version of Assay keeps them: this one needs an empty store")
        }
        return UnfitServer(
            description: "the states of tenant \"\(tenant)\" were made with definitions"
                + " \(known.prefix(12))…, which keep other things in them than these"
                + " (\(ours.prefix(12))…): all servers and the keeper need definitions of one"
                + " generation; \"assay features plan\" shows what differs")
    }

    /// Definition set and generation, as they stand in the store.
    private var ours: String { SharedKeys.hex(definitions.hash) + generation }
    private var generation: String {
        " " + SharedKeys.hex(definitions.generation) + Self.layout
    }

    /// How states lie in the store: one that has them otherwise would look empty.
    private static let layout = "/2"
}

extension UnfitServer {
    /// As a call is told.
    var rpcError: RPCError {
        RPCError(.failedPrecondition, description, reason: "OTHER_GENERATION")
    }
}
