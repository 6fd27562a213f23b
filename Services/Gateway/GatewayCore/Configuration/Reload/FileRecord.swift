internal import Crypto
internal import Synchronization

/// Reads files, and remembers of each what was in it, so that a change can be noticed. Of secrets it
/// keeps nothing but a hash.
public final class FileRecord: Sendable {
    /// Nil stands for a file that could not be read.
    typealias Seen = [String: SHA256.Digest?]

    private let read: @Sendable (String) throws -> [UInt8]
    private let files = Mutex<Seen>([:])

    public init(read: @escaping @Sendable (String) throws -> [UInt8]) {
        self.read = read
    }

    public func bytes(_ path: String) throws -> [UInt8] {
        do {
            let bytes = try read(path)
            files.withLock { $0[path] = .some(SHA256.hash(data: bytes)) }
            return bytes
        } catch {
            files.withLock { $0[path] = .some(nil) }
            throw error
        }
    }

    var seen: Seen { files.withLock { $0 } }

    /// An empty record of the same files, for another attempt.
    func fresh() -> FileRecord { FileRecord(read: read) }

    /// Whether a file has other content than when it was read.
    func hasChanged() -> Bool {
        seen.contains { path, digest in
            let now = (try? read(path)).map { SHA256.hash(data: $0) }
            return now != digest
        }
    }

    /// Remembers what the files of `other` hold now, as far as this record knows nothing of them: a
    /// refused configuration is looked at again when any file of it or of the one in force changes.
    func join(_ other: FileRecord) {
        for path in other.seen.keys where seen[path] == nil { _ = try? bytes(path) }
    }
}
