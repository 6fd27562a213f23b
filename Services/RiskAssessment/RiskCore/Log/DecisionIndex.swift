public import AssayMessages
internal import Crypto
internal import Foundation
internal import RPC
public import Storage
internal import Synchronization
public import Wire

/// Finds decisions by their id and by the request that asked for them; both per tenant. Makes the
/// same request answer with the same decision.
public final class DecisionIndex: Sendable {
    /// Tenant, zero, decision id → sequence of its record, from which the decision is made again.
    public static let decisions = Family("decisions")
    /// Tenant, zero, kind, request id → when, salt, decision id, the request as it came.
    public static let requests = Family("decision_requests")
    /// How long a request id stays taken.
    public static let lifetimeSeconds: Int64 = 86_400

    /// What a caller may do with a request id.
    public enum Reservation: Sendable {
        /// Decide, then `complete` or `abandon`.
        case mine
        /// Decided before.
        case decided(AssayRiskV1.Decision)
        /// Being decided right now by another call.
        case running(Running)
        /// Taken by a request with other content in these fields.
        case conflict([String])
    }

    /// Who waits for a decision in progress.
    public final class Running: Sendable {
        private struct State {
            var result: Result<AssayRiskV1.Decision, any Error>?
            var waiters: [CheckedContinuation<AssayRiskV1.Decision, any Error>] = []
        }

        let digest: [UInt8]
        private let state = Mutex(State())

        init(digest: [UInt8]) { self.digest = digest }

        public func wait() async throws -> AssayRiskV1.Decision {
            try await withCheckedThrowingContinuation { waiter in
                let result = state.withLock { state in
                    if state.result == nil { state.waiters.append(waiter) }
                    return state.result
                }
                if let result { waiter.resume(with: result) }
            }
        }

        func finish(_ result: Result<AssayRiskV1.Decision, any Error>) {
            let waiters = state.withLock { state in
                state.result = result
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(with: result) }
        }
    }

    /// A request that may be decided once.
    public struct Request: Sendable, Hashable {
        public var tenant: String
        public var kind: AssayRiskV1.DecisionKind
        public var id: String
        /// The message as encoded.
        public var bytes: [UInt8]

        public init(tenant: String, kind: AssayRiskV1.DecisionKind, id: String, bytes: [UInt8]) {
            self.tenant = tenant
            self.kind = kind
            self.id = id
            self.bytes = bytes
        }

        var key: [UInt8] {
            Array(tenant.utf8) + [0, UInt8(truncatingIfNeeded: kind.number)] + Array(id.utf8)
        }
    }

    let store: any KeyValueStore
    private let running = Mutex<[[UInt8]: Running]>([:])

    public init(store: any KeyValueStore) { self.store = store }

    /// Takes a request id, or tells what became of it. `differences` names the fields in which two
    /// encoded requests differ.
    public func reserve(
        _ request: Request, at second: Int64, digest: [UInt8],
        differences: ([UInt8], [UInt8]) -> [String]
    ) throws -> Reservation {
        let key = request.key
        let other = running.withLock { running -> Running? in
            if let other = running[key] { return other }
            running[key] = Running(digest: digest)
            return nil
        }
        if let other { return other.digest == digest ? .running(other) : .conflict([]) }
        do {
            guard let stored = try storedRequest(key, at: second) else { return .mine }
            guard stored.request == request.bytes else {
                abandon(request, with: nil)
                return .conflict(differences(stored.request, request.bytes))
            }
            guard let decision = try decision(stored.decision, of: request.tenant) else {
                throw StorageError(.corrupt, "a request has no decision")
            }
            complete(request, with: decision)
            return .decided(decision)
        } catch {
            abandon(request, with: error)
            throw error
        }
    }

    /// The rows that make a decision findable; written together with its record.
    public func rows(
        for decision: AssayRiskV1.Decision, _ request: Request, salt: [UInt8],
        into batch: inout WriteBatch
    ) {
        let value =
            withUnsafeBytes(of: decision.decidedAt.seconds.bigEndian) { Array($0) } + salt
            + decision.decisionID.bytes + request.bytes
        batch.put(request.key, value, in: Self.requests)
        batch.put(
            Self.key(decision.decisionID, request.tenant), DecisionLog.key(decision.log.sequence),
            in: Self.decisions)
    }

    public func complete(_ request: Request, with decision: AssayRiskV1.Decision) {
        take(request)?.finish(.success(decision))
    }

    /// Gives the request id back: the call failed, and another may decide.
    public func abandon(_ request: Request, with error: (any Error)?) {
        let retry = RPCError(
            code: .unavailable, message: "the call that was deciding this request failed")
        take(request)?.finish(.failure(error ?? retry))
    }

    private func take(_ request: Request) -> Running? {
        running.withLock { $0.removeValue(forKey: request.key) }
    }

    /// A tenant's decision, made again from its sealed record; nil if the tenant has none such.
    public func decision(_ id: UniqueID, of tenant: String) throws -> AssayRiskV1.Decision? {
        try record(id, of: tenant).map { AssayRiskV1.Decision($0.record, at: $0.position) }
    }

    private func storedRequest(
        _ key: [UInt8], at second: Int64
    ) throws -> (decision: UniqueID, request: [UInt8])? {
        guard let value = try store.get(key, in: Self.requests), value.count >= 56 else {
            return nil
        }
        let then = Int64(truncatingIfNeeded: value[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        guard second.subtractingReportingOverflow(then).partialValue < Self.lifetimeSeconds,
            let id = UniqueID(bytes: value[40..<56])
        else { return nil }
        return (id, Array(value[56...]))
    }

    private static func key(_ id: UniqueID, _ tenant: String) -> [UInt8] {
        Array(tenant.utf8) + [0] + id.bytes
    }
}
