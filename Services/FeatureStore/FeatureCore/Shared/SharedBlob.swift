internal import FeatureEngine
internal import Redis

/// What the shared store said of one blob.
enum BlobReply {
    /// Empty if there is no such key: the entity has had no event.
    case blob([UInt8])
    case refused(RedisServerError)

    init(_ reply: RedisValue) {
        switch reply {
        case .bytes(let bytes): self = .blob(bytes)
        case .null: self = .blob([])
        case .error(let error): self = .refused(error)
        default: self = .refused(RedisServerError("ERR not the reply to GET"))
        }
    }
}

enum SharedBlob {
    /// The bytes that a write compares: those of the version, as far as the blob has them.
    static func token(of blob: [UInt8]) -> [UInt8] { Array(blob.prefix(8)) }

    /// The version a blob says it has; 0 if it is too short to say.
    static func version(of blob: [UInt8]) -> UInt64 {
        guard blob.count >= 8 else { return 0 }
        return blob.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A blob and what it says.
struct LoadedState {
    let entity: EntityReference
    /// As it was read; empty if there was none.
    let blob: [UInt8]
    /// Nil if the blob could not be read or is damaged: nothing is said of the entity then.
    var state: FeatureState?
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
    let journal: [UInt8]
    /// What was read, which must still be there.
    let before: [UInt8]
    let after: FeatureState
    let blob: [UInt8]
    let keepSeconds: Int64?
    /// The events that it has and `before` has not.
    let made: [MadeVersion]

    var command: RedisCommand {
        var arguments = [
            SharedBlob.token(of: before), blob, Array("\(keepSeconds ?? 0)".utf8),
        ]
        for made in made {
            arguments.append(StorageKey.bigEndian(made.sequence))
            arguments.append(StorageKey.bigEndian(made.version))
        }
        return SharedScripts.write.command(keys: [key, journal], arguments)
    }

    enum Outcome {
        case written
        /// Somebody else wrote; empty if the blob is gone.
        case conflict(newer: [UInt8])
        case refused(RedisServerError)
    }

    static func outcome(_ reply: RedisValue) -> Outcome {
        switch reply {
        case .integer(1): .written
        case .bytes(let newer): .conflict(newer: newer)
        case .null: .conflict(newer: [])
        case .error(let error): .refused(error)
        default: .refused(RedisServerError("ERR not the reply of the write script"))
        }
    }
}
