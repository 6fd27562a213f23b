internal import AssayMessages
internal import Crypto
internal import RPC
internal import Storage
internal import Wire

/// What the registry keeps in its store, row by row.
struct RegistryRows: Sendable {
    let store: any KeyValueStore
    let keys: RegistryKeys

    private var family: Family { RegistryKeys.family }

    // MARK: Reading

    /// Names of all models, sorted.
    func models() throws -> [String] {
        let prefix = keys.heads().lower.count
        var names: [String] = []
        try store.scan(family, keys.heads(), reversed: false) { key, _ in
            names.append(String(decoding: key.dropFirst(prefix), as: UTF8.self))
            return true
        }
        return names
    }

    func head(_ model: String) throws -> RegistryHead {
        guard let bytes = try store.get(keys.head(model), in: family) else {
            return RegistryHead()
        }
        guard let head = RegistryHead(bytes) else { throw damaged("head of \(model)") }
        return head
    }

    func records(_ model: String) throws -> [AssayModelsV1.VersionRecord] {
        try messages(keys.versions(model), "version of \(model)")
    }

    func aliases(_ model: String) throws -> [AssayModelsV1.Alias] {
        try messages(keys.aliases(model), "alias of \(model)")
    }

    /// All events of a model, oldest first; each must be sealed and name the digest of the one
    /// before it.
    func events(_ model: String) throws -> [AssayModelsV1.Event] {
        var events: [AssayModelsV1.Event] = []
        var last: [UInt8] = []
        try store.scan(family, keys.events(model), reversed: false) { _, value in
            let bytes = Array(value)
            let record = try SealedRecord.verify(bytes)
            let event = try SealedRecord.open(bytes, as: AssayModelsV1.Event.self)
            guard event.previous == last, event.sequence == UInt64(events.count + 1),
                event.model == model
            else { throw damaged("event \(events.count + 1) of \(model)") }
            last = record.digest.bytes
            events.append(event)
            return true
        }
        let head = try head(model)
        guard head.lastDigest == last, head.nextSequence == UInt64(events.count + 1) else {
            throw damaged("end of the chain of \(model)")
        }
        return events
    }

    private func messages<M: WireMessage>(_ range: KeyRange, _ what: String) throws -> [M] {
        var result: [M] = []
        try store.scan(family, range, reversed: false) { _, value in
            do throws(WireError) {
                result.append(try M(decoding: value, door: .strict, limits: Self.limits))
            } catch {
                throw damaged("\(what): \(error)")
            }
            return true
        }
        return result
    }

    static let limits = DecodeLimits()

    private func damaged(_ what: String) -> StorageError {
        StorageError(.corrupt, "registry: the \(what) is damaged")
    }

    // MARK: Writing

    /// One change of a model: its rows, its event, the answer to its request id and the new head,
    /// all or nothing.
    ///
    /// - Parameter expected: what the head was when the change was computed; another one is
    ///   ABORTED.
    func commit(
        _ event: AssayModelsV1.Event, head: RegistryHead, expected: RegistryHead,
        answer: RememberedAnswer, _ fill: (inout WriteBatch) -> Void
    ) throws {
        guard try self.head(event.model) == expected else {
            throw RPCError(.aborted, "model \"\(event.model)\" was changed at the same time")
        }
        var event = event
        event.sequence = expected.nextSequence
        event.previous = expected.lastDigest
        let record = try SealedRecord.seal(event)
        var head = head
        head.nextSequence = expected.nextSequence + 1
        head.lastDigest = record.digest.bytes
        var batch = WriteBatch()
        fill(&batch)
        batch.put(keys.event(event.model, event.sequence), record.bytes, in: family)
        batch.put(keys.request(event.model, answer.requestID), answer.bytes, in: family)
        batch.put(keys.head(event.model), head.bytes, in: family)
        try store.write(batch, sync: true)
    }

    // MARK: Answers to request ids

    /// The remembered answer, if this request was carried out within the lifetime of request ids.
    ///
    /// - Throws: ALREADY_EXISTS if the id was used for something else.
    func answer(
        _ model: String, _ requestID: String, of request: [UInt8], after milliseconds: Int64
    ) throws -> [UInt8]? {
        guard let bytes = try store.get(keys.request(model, requestID), in: family),
            let remembered = RememberedAnswer(requestID: requestID, bytes),
            remembered.milliseconds > milliseconds
        else { return nil }
        guard remembered.digest == Array(SHA256.hash(data: request)) else {
            throw RPCError(
                .alreadyExists, "request_id \"\(requestID)\" was used for another request",
                reason: "request_id_reused")
        }
        return remembered.response
    }

    func removeRequests(olderThan milliseconds: Int64) throws {
        var batch = WriteBatch()
        try store.scan(family, keys.requests(), reversed: false) { key, value in
            let time = Int64(bitPattern: RegistryKeys.number(value.prefix(8)))
            if time < milliseconds { batch.delete(Array(key), in: family) }
            return true
        }
        if !batch.isEmpty { try store.write(batch, sync: true) }
    }
}

/// What a request id was answered with: time, digest of the request, response.
struct RememberedAnswer: Sendable {
    let requestID: String
    let milliseconds: Int64
    let digest: [UInt8]
    let response: [UInt8]

    init(requestID: String, milliseconds: Int64, request: [UInt8], response: [UInt8]) {
        self.requestID = requestID
        self.milliseconds = milliseconds
        digest = Array(SHA256.hash(data: request))
        self.response = response
    }

    init?(requestID: String, _ bytes: [UInt8]) {
        guard bytes.count >= 40 else { return nil }
        self.requestID = requestID
        milliseconds = Int64(bitPattern: RegistryKeys.number(bytes[0..<8]))
        digest = Array(bytes[8..<40])
        response = Array(bytes[40...])
    }

    var bytes: [UInt8] {
        RegistryKeys.bigEndian(UInt64(bitPattern: milliseconds)) + digest + response
    }
}
