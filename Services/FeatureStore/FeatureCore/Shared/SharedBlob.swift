internal import FeatureEngine
internal import Redis

/// The fields of the hash that a state is in the shared store. Every other field of it is a note of
/// the entity's journal: the sequence of an event, and the version it made.
enum StateField {
    /// The token of the blob.
    static let token = [UInt8(ascii: "v")]
    static let blob = [UInt8(ascii: "b")]
}

/// Tells the blobs of an entity apart: version and checksum, 8 and 4 bytes as they stand in the blob.
///
/// The version alone would not: where writes were lost, other events make the same versions again.
struct BlobToken: Hashable {
    static let byteCount = 12

    let version: UInt64
    let checksum: UInt32

    /// Nil if the bytes are no token.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        version = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        checksum = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    var bytes: [UInt8] {
        withUnsafeBytes(of: version.littleEndian) { Array($0) }
            + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }
    }

    /// The bytes of a blob's token; none if it is too short.
    static func bytes(of blob: [UInt8]) -> [UInt8] {
        blob.count > byteCount ? Array(blob.prefix(8)) + blob.suffix(4) : []
    }
}

/// What the shared store said of one state.
enum BlobReply {
    /// Nobody asked: the write of the state that is decoded here finds out whether it still stands.
    case unasked
    /// There is none.
    case missing
    /// The token of a blob that was not asked for.
    case token([UInt8])
    case blob([UInt8], token: [UInt8])
    /// The server would not say.
    case refused(RedisServerError)

    init(_ reply: RedisValue) {
        switch reply {
        case .bytes(let token): self = .token(token)
        case .null, .array([.null, .null]): self = .missing
        case .error(let error): self = .refused(error)
        case .array(let parts):
            guard parts.count == 2, case .bytes(let token) = parts[0],
                case .bytes(let blob) = parts[1]
            else { fallthrough }
            self = .blob(blob, token: token)
        default: self = .refused(RedisServerError("ERR not the reply about a state"))
        }
    }

    /// What was said to some of several questions; nobody asked the others.
    static func read(
        _ replies: some Collection<RedisValue>, to questions: [RedisCommand?]
    ) -> [BlobReply] {
        var rest = replies.makeIterator()
        return questions.map { question in
            guard question != nil else { return .unasked }
            return rest.next().map { BlobReply($0) } ?? .unasked
        }
    }
}

/// A state as it was read.
struct LoadedState {
    let entity: EntityReference
    /// What stood there, which a write takes the place of; empty if there was nothing.
    var token: [UInt8] = []
    /// As it was read; empty if there was none, or none needed to be read.
    var blob: [UInt8] = []
    /// Nil if the blob could not be read or is damaged: nothing is said of the entity then.
    var state: FeatureState?
    /// False for a state that nobody asked for: only its write tells that it was the newest.
    var isConfirmed = true
}

/// An event and the version it made of one entity.
struct MadeVersion: Hashable {
    let sequence: UInt64
    let version: UInt64
}

/// The blob that is to take another's place.
struct BlobWrite {
    let entity: EntityReference
    let key: [UInt8]
    /// The token of what was read, which must still be there.
    let before: [UInt8]
    let after: FeatureState
    let blob: [UInt8]
    /// The token of the new blob.
    let token: [UInt8]
    /// '0' for ever.
    let keepSeconds: [UInt8]
    /// The events that it has and what was read has not.
    let made: [MadeVersion]
    /// What it takes the place of was written here, or was nothing: as far as one can see nobody else
    /// writes this entity.
    let isOwn: Bool

    var command: RedisCommand {
        var arguments = [before, token, blob, keepSeconds]
        arguments.reserveCapacity(arguments.count + 2 * made.count)
        for made in made {
            arguments.append(StorageKey.bigEndian(made.sequence))
            arguments.append(StorageKey.bigEndian(made.version))
        }
        return SharedScripts.write.command(keys: [key], arguments)
    }

    enum Outcome {
        case written
        /// Somebody else wrote.
        case conflict(newer: BlobReply)
        case refused(RedisServerError)
    }

    static func outcome(_ reply: RedisValue) -> Outcome {
        switch reply {
        case .integer(1): .written
        case .array: .conflict(newer: BlobReply(reply))
        case .error(let error): .refused(error)
        default: .refused(RedisServerError("ERR not the reply of the write script"))
        }
    }
}
