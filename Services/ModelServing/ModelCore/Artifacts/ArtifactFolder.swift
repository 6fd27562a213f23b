internal import Crypto

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Artifacts as files `sha256/ab/abcd…` below a folder.
///
/// A file is written under a temporary name, hashed while it is written, synced, renamed, and its
/// folder synced: a name that exists has all its bytes, whenever the power fails. What a crash left
/// in `tmp` is removed at the next start.
public struct ArtifactFolder: ArtifactStore {
    /// Larger files are not read; uploads are limited far below.
    public static let maximumBytes = 512 << 20

    private let path: String

    /// Creates the folder where it is missing.
    public init(path: String) throws(ArtifactError) {
        self.path = path
        for folder in [path, "\(path)/sha256", "\(path)/tmp"] { try Self.makeFolder(folder) }
        removeLeftovers()
    }

    public func put(_ artifact: [UInt8]) throws(ArtifactError) -> ArtifactDigest {
        let digest = ArtifactDigest(of: artifact)
        if let present = try? get(digest), present.count == artifact.count { return digest }
        let name = digest.description
        let temporary = "\(path)/tmp/\(name).\(UInt64.random(in: 0 ... .max))"
        do throws(ArtifactError) {
            guard try write(artifact, to: temporary) == digest.bytes else {
                throw ArtifactError(.io, "\(temporary): the bytes changed while they were written")
            }
            let folder = "\(path)/sha256/\(name.prefix(2))"
            try Self.makeFolder(folder)
            guard rename(temporary, "\(folder)/\(name)") == 0 else { throw Self.failure(folder) }
            try Self.sync(folder: folder)
            try Self.sync(folder: "\(path)/sha256")
        } catch {
            unlink(temporary)
            throw error
        }
        return digest
    }

    public func get(_ digest: ArtifactDigest) throws(ArtifactError) -> [UInt8] {
        let name = digest.description
        let file = "\(path)/sha256/\(name.prefix(2))/\(name)"
        let bytes = try read(file)
        guard ArtifactDigest(of: bytes) == digest else {
            throw ArtifactError(.damaged, "artifact \(name): its bytes no longer have this hash")
        }
        return bytes
    }

    public func remove(_ digest: ArtifactDigest) throws(ArtifactError) {
        let name = digest.description
        let folder = "\(path)/sha256/\(name.prefix(2))"
        guard unlink("\(folder)/\(name)") == 0 else {
            if errno == ENOENT { return }
            throw Self.failure("\(folder)/\(name)")
        }
        try Self.sync(folder: folder)
    }

    // MARK: Files

    private func write(_ bytes: [UInt8], to file: String) throws(ArtifactError) -> [UInt8] {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(file) }
        defer { close(descriptor) }
        var hash = SHA256()
        var done = 0
        while done < bytes.count {
            let end = min(done + 1 << 20, bytes.count)
            let written = bytes[done..<end].withUnsafeBytes {
                #if canImport(Glibc)
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                #elseif canImport(Musl)
                    Musl.write(descriptor, $0.baseAddress, $0.count)
                #else
                    Darwin.write(descriptor, $0.baseAddress, $0.count)
                #endif
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw Self.failure(file) }
            hash.update(data: bytes[done..<done + written])
            done += written
        }
        guard fsync(descriptor) == 0 else { throw Self.failure(file) }
        return Array(hash.finalize())
    }

    private func read(_ file: String) throws(ArtifactError) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { throw ArtifactError(.missing, "\(file) is missing") }
            throw Self.failure(file)
        }
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard 0...Self.maximumBytes ~= size else {
            throw ArtifactError(.damaged, "\(file) has \(size) bytes")
        }
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let count = bytes[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(file) }
            done += count
        }
        return bytes
    }

    private func removeLeftovers() {
        guard let folder = opendir("\(path)/tmp") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink("\(path)/tmp/\(name)") }
        }
    }

    private static func makeFolder(_ folder: String) throws(ArtifactError) {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure(folder) }
    }

    private static func sync(folder: String) throws(ArtifactError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    private static func failure(_ file: String) -> ArtifactError {
        ArtifactError(.io, "\(file): \(String(cString: strerror(errno)))")
    }
}
