internal import AssayMessages
internal import RPC
internal import Storage
internal import Wire

/// Reads the registry's rows as what they mean.
struct RegistryRows: Sendable {
    let store: any RegistryStore

    init(_ store: any RegistryStore) { self.store = store }

    /// Names of all chains, sorted.
    func chains() async throws -> [String] {
        var names: [String] = []
        try await store.allRows(RegistryRange(.head)) { names.append($0.key.chain) }
        return names
    }

    func head(_ chain: String) async throws -> RegistryHead {
        try Self.head(try await store.get(RegistryKey(.head, chain)), chain)
    }

    static func head(_ bytes: [UInt8]?, _ chain: String) throws -> RegistryHead {
        guard let bytes else { return RegistryHead() }
        guard let head = RegistryHead(bytes) else { throw damaged("head of \(chain)") }
        return head
    }

    /// One version with its manifest; nil if there is none of this number.
    func record(
        _ model: String, _ number: UInt32
    ) async throws -> AssayModelsV1.VersionRecord? {
        let key = RegistryKey(.version, model, number)
        return try await store.get(key).map { try Self.message(RegistryRow(key, $0)) }
    }

    /// One event, its seal verified; its place in the chain is not.
    func event(_ chain: String, _ sequence: UInt64) async throws -> AssayModelsV1.Event {
        let key = RegistryKey(.event, chain, sequence)
        guard let bytes = try await store.get(key) else { throw Self.damaged("\(key)") }
        return try Self.event(RegistryRow(key, bytes)).event
    }

    /// Events behind a sequence, oldest first, each sealed and chained to the one before it.
    func events(
        _ chain: String, after sequence: UInt64 = 0, limit: Int = .max
    ) async throws -> [AssayModelsV1.Event] {
        var last: RegistryKey? = sequence == 0 ? nil : RegistryKey(.event, chain, sequence)
        var verifier = ChainVerifier(chain, after: sequence)
        var events: [AssayModelsV1.Event] = []
        while events.count < limit {
            let page = min(limit - events.count, 256)
            let rows = try await store.rows(
                RegistryRange(.event, of: chain), after: last, limit: page)
            for row in rows { events.append(try verifier.next(row)) }
            guard rows.count == page else { break }
            last = rows.last?.key
        }
        return events
    }

    /// The answer to a request id that was given since a moment.
    func answer(
        _ chain: String, _ requestID: String, of request: [UInt8], after milliseconds: Int64
    ) async throws -> [UInt8]? {
        let key = RegistryKey(.request, chain, requestID)
        guard let bytes = try await store.get(key) else { return nil }
        return try RememberedAnswer.response(
            bytes, requestID, of: request, after: milliseconds)
    }

    // MARK: Decoding

    static let limits = DecodeLimits()

    static func message<M: WireMessage>(_ row: RegistryRow) throws -> M {
        do throws(WireError) {
            return try M(decoding: row.value, door: .strict, limits: limits)
        } catch {
            throw damaged("\(row.key): \(error)")
        }
    }

    static func event(
        _ row: RegistryRow
    ) throws -> (event: AssayModelsV1.Event, digest: [UInt8]) {
        do throws(SealError) {
            let record = try SealedRecord.verify(row.value)
            let event: AssayModelsV1.Event = try SealedRecord.open(row.value)
            return (event, record.digest.bytes)
        } catch {
            throw damaged("\(row.key): \(error)")
        }
    }

    static func damaged(_ what: String) -> StorageError {
        StorageError(.corrupt, "registry: the \(what) is damaged")
    }
}

/// Follows a chain of events: each must stand in its place, name its chain and the digest of the one
/// before it, and be no older than that.
struct ChainVerifier {
    let chain: String
    private(set) var sequence: UInt64
    /// Nil while the event before is not known.
    private(set) var lastDigest: [UInt8]?
    private var lastTime: Timestamp?

    init(_ chain: String, after sequence: UInt64 = 0) {
        self.chain = chain
        self.sequence = sequence
        lastDigest = sequence == 0 ? [] : nil
    }

    mutating func next(_ row: RegistryRow) throws -> AssayModelsV1.Event {
        let (event, digest) = try RegistryRows.event(row)
        let place = BigEndian.number(row.key.id)
        guard event.sequence == sequence + 1, place == event.sequence, event.model == chain
        else { throw RegistryRows.damaged("event \(sequence + 1) of \(chain)") }
        if let lastDigest, event.previous != lastDigest {
            throw RegistryRows.damaged("chain before event \(event.sequence) of \(chain)")
        }
        if let lastTime, event.time < lastTime {
            throw RegistryRows.damaged("time of event \(event.sequence) of \(chain)")
        }
        sequence = event.sequence
        lastDigest = digest
        lastTime = event.time
        return event
    }

    /// Whether the chain ended where its head says.
    func checkEnd(_ head: RegistryHead) throws {
        guard head.lastDigest == lastDigest, head.nextSequence == sequence + 1 else {
            throw RegistryRows.damaged("end of the chain of \(chain)")
        }
    }
}
