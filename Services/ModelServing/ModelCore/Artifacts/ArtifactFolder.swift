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

    let path: String

    /// How old a half-written file must be for nobody to be writing it, where others write too.
    private static let leftoverSeconds = 3_600

    /// Creates the folder where it is missing.
    ///
    /// - Parameter isShared: whether other processes write to it too.
    public init(path: String, isShared: Bool = false) throws(ArtifactError) {
        self.path = path
        for folder in [path, "\(path)/sha256", "\(path)/tmp"] { try Self.makeFolder(folder) }
        removeLeftovers(olderThan: isShared ? Self.leftoverSeconds : 0)
    }

    /// A folder that is there, whose leftovers stay.
    public init(existing path: String) { self.path = path }

    public func put(_ artifact: [UInt8]) throws(ArtifactError) -> ArtifactDigest {
        let digest = ArtifactDigest(of: artifact)
        if let present = try? get(digest), present.count == artifact.count, touch(digest) {
            return digest
        }
        let name = digest.description
        let temporary = "\(path)/tmp/\(name).\(UInt64.random(in: 0 ... .max))"
        do throws(ArtifactError) {
            guard try write(artifact, to: temporary) == digest.bytes else {
                throw ArtifactError(.io, "\(temporary): the bytes changed while they were written")
            }
            try keep(temporary, as: digest)
        } catch {
            unlink(temporary)
            throw error
        }
        return digest
    }

    /// Gives a synced file the name of its content.
    func keep(_ temporary: String, as digest: ArtifactDigest) throws(ArtifactError) {
        let name = digest.description
        let folder = "\(path)/sha256/\(name.prefix(2))"
        try Self.makeFolder(folder)
        guard rename(temporary, "\(folder)/\(name)") == 0 else { throw Self.failure(folder) }
        try Self.sync(folder: folder)
        try Self.sync(folder: "\(path)/sha256")
    }

    public func get(_ digest: ArtifactDigest) throws(ArtifactError) -> [UInt8] {
        let bytes = try read(file(digest))
        guard ArtifactDigest(of: bytes) == digest else {
            throw ArtifactError(.damaged, "artifact \(digest): its bytes no longer have this hash")
        }
        return bytes
    }

    /// Where the bytes of an artifact lie.
    func file(_ digest: ArtifactDigest) -> String {
        let name = digest.description
        return "\(path)/sha256/\(name.prefix(2))/\(name)"
    }

    /// Every file that there is, half-written ones too, sorted.
    func files() throws(ArtifactError) -> [String] {
        var files = try Self.names(in: "\(path)/tmp").map { "\(path)/tmp/\($0)" }
        for folder in try Self.names(in: "\(path)/sha256") {
            let folder = "\(path)/sha256/\(folder)"
            files += try Self.names(in: folder).map { "\(folder)/\($0)" }
        }
        return files.sorted()
    }

    private static func names(in path: String) throws(ArtifactError) -> [String] {
        guard let folder = opendir(path) else { throw failure(path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    // MARK: Files

    private func write(_ bytes: [UInt8], to file: String) throws(ArtifactError) -> [UInt8] {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(file) }
        defer { close(descriptor) }
        var hash = SHA256()
        for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
            let part = bytes[start..<min(start + 1 << 20, bytes.count)]
            try Self.write(part, to: descriptor, file)
            hash.update(data: part)
        }
        guard fsync(descriptor) == 0 else { throw Self.failure(file) }
        return Array(hash.finalize())
    }

    static func write(
        _ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ file: String
    ) throws(ArtifactError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes {
                #if canImport(Glibc)
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                #elseif canImport(Musl)
                    Musl.write(descriptor, $0.baseAddress, $0.count)
                #else
                    Darwin.write(descriptor, $0.baseAddress, $0.count)
                #endif
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw failure(file) }
            rest = rest.dropFirst(written)
        }
    }

    func read(_ file: String) throws(ArtifactError) -> [UInt8] {
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

    private func removeLeftovers(olderThan seconds: Int) {
        for name in (try? Self.names(in: "\(path)/tmp")) ?? [] {
            let file = "\(path)/tmp/\(name)"
            var status = stat()
            let isYoung =
                stat(file, &status) == 0 && time(nil) - status.st_mtim.tv_sec < seconds
            if !isYoung { unlink(file) }
        }
    }

    private static func makeFolder(_ folder: String) throws(ArtifactError) {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw failure(folder) }
    }

    static func sync(folder: String) throws(ArtifactError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    static func failure(_ file: String) -> ArtifactError {
        ArtifactError(.io, "\(file): \(String(cString: strerror(errno)))")
    }
}
