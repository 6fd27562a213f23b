package import AssayMessages
internal import RPC
internal import Storage
package import Wire

/// One change of a chain while it is computed: what was read guards it, what is written and every
/// event go into one commit.
///
/// Rows of the chain may be read freely: the head guards them all. Rows of other chains that the
/// change depends on are read with ``guarded(_:)``.
package struct RegistryTransaction: Sendable {
    package let chain: String
    /// The change's time: now, but never before the chain's newest event.
    package let time: Timestamp
    package private(set) var head: RegistryHead
    private(set) var change = RegistryChange()
    private(set) var events: [AssayModelsV1.Event] = []
    private let store: any RegistryStore

    init(_ store: any RegistryStore, _ chain: String, now: Timestamp) async throws {
        self.store = store
        self.chain = chain
        let key = RegistryKey(.head, chain)
        let bytes = try await store.get(key)
        head = try RegistryRows.head(bytes, chain)
        change.guards[key] = .some(bytes)
        if head.lastTime == nil, head.nextSequence > 1 {
            // A head of an earlier release: the newest event knows.
            let last = try await RegistryRows(store).event(chain, head.nextSequence - 1)
            head.lastTime = last.time
        }
        time = head.lastTime.map { $0 < now ? now : $0 } ?? now
    }

    // MARK: Reading

    /// A row of this chain.
    package func get(_ kind: RowKind, _ id: [UInt8]) async throws -> [UInt8]? {
        try await store.get(RegistryKey(kind, chain, id))
    }

    /// Rows of this chain.
    package func rows(
        _ kind: RowKind, after: RegistryKey? = nil, limit: Int
    ) async throws -> [RegistryRow] {
        try await store.rows(RegistryRange(kind, of: chain), after: after, limit: limit)
    }

    /// Every row of this chain of one kind, as what it means.
    package func messages<M: WireMessage>(
        _ kind: RowKind, as type: M.Type = M.self
    ) async throws -> [M] {
        var messages: [M] = []
        try await store.allRows(RegistryRange(kind, of: chain)) { row in
            messages.append(try RegistryRows.message(row))
        }
        return messages
    }

    /// Any row: the change is computed again if it is no longer the same when it is written. What was
    /// read first guards it, since the change was computed from that.
    package mutating func guarded(_ key: RegistryKey) async throws -> [UInt8]? {
        let value = try await store.get(key)
        if change.guards.index(forKey: key) == nil { change.guards[key] = .some(value) }
        return value
    }

    // MARK: Writing

    package mutating func put(_ key: RegistryKey, _ value: [UInt8]) {
        change.writes[key] = .some(value)
    }

    package mutating func delete(_ key: RegistryKey) { change.writes[key] = .some(nil) }

    /// Appends an event to the chain: numbered, dated, chained to the one before and sealed here.
    @discardableResult
    package mutating func append(
        _ event: AssayModelsV1.Event
    ) throws -> AssayModelsV1.Event {
        var event = event
        event.model = chain
        event.sequence = head.nextSequence
        event.time = time
        event.previous = head.lastDigest
        let record = try SealedRecord.seal(event)
        put(RegistryKey(.event, chain, event.sequence), record.bytes)
        head.nextSequence += 1
        head.lastDigest = record.digest.bytes
        head.lastTime = time
        events.append(event)
        return event
    }

    /// The number of the version that this change registers.
    mutating func takeVersionNumber() -> UInt32 {
        defer { head.nextVersion += 1 }
        return head.nextVersion
    }

    /// The answer to the request id, kept with the change.
    mutating func remember(_ answer: RememberedAnswer) {
        put(RegistryKey(.request, chain, answer.requestID), answer.bytes)
    }

    /// Everything, the new head too.
    var finished: RegistryChange {
        var change = change
        change.writes[RegistryKey(.head, chain)] = .some(head.bytes)
        return change
    }
}
