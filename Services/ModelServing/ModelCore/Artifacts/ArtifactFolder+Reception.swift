internal import Crypto
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension ArtifactFolder {
    public func receive() throws(ArtifactError) -> any ArtifactReception {
        try FileReception(self)
    }
}

/// A file below `tmp`, hashed while it is written.
private final class FileReception: ArtifactReception {
    private struct State {
        var hash = SHA256()
        var count = 0
        var digest: ArtifactDigest?
        var isKept = false
    }

    private let folder: ArtifactFolder
    private let file: String
    private let descriptor: Int32
    private let state = Mutex(State())

    init(_ folder: ArtifactFolder) throws(ArtifactError) {
        self.folder = folder
        file = "\(folder.path)/tmp/upload.\(UInt64.random(in: 0 ... .max))"
        descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ArtifactFolder.failure(file) }
    }

    deinit {
        close(descriptor)
        if !state.withLock({ $0.isKept }) { unlink(file) }
    }

    var count: Int { state.withLock { $0.count } }

    func append(_ bytes: [UInt8]) throws(ArtifactError) {
        try ArtifactFolder.write(bytes[...], to: descriptor, file)
        state.withLock { state in
            state.hash.update(data: bytes)
            state.count += bytes.count
        }
    }

    func finish() throws(ArtifactError) -> ArtifactDigest {
        guard fsync(descriptor) == 0 else { throw ArtifactFolder.failure(file) }
        let digest = state.withLock { state in
            let digest = ArtifactDigest(Array(state.hash.finalize()))
            state.digest = digest
            return digest
        }
        guard let digest else { throw ArtifactError(.io, "\(file): a hash has 32 bytes") }
        return digest
    }

    func read() throws(ArtifactError) -> [UInt8] { try folder.read(file) }

    func keep() throws(ArtifactError) {
        guard let digest = state.withLock({ $0.digest }) else {
            throw ArtifactError(.io, "\(file) is not complete")
        }
        try folder.keep(file, as: digest)
        state.withLock { $0.isKept = true }
    }
}
