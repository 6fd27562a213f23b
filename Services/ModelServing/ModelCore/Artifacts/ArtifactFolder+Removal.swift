public import Wire

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

// The time of a file says when its bytes were last brought, to every process that sees the folder.

extension ArtifactFolder {
    /// Says that somebody brought the bytes now.
    ///
    /// - Returns: whether they are still there.
    func touch(_ digest: ArtifactDigest) -> Bool { utimes(file(digest), nil) == 0 }

    public func broughtAt(_ digest: ArtifactDigest) throws(ArtifactError) -> Timestamp? {
        try Self.time(of: file(digest))
    }

    private static func time(of file: String) throws(ArtifactError) -> Timestamp? {
        var status = stat()
        guard stat(file, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failure(file)
        }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int(time.tv_nsec))
    }

    public func remove(
        _ digest: ArtifactDigest, broughtBefore limit: Timestamp
    ) throws(ArtifactError) -> Bool {
        let file = self.file(digest)
        guard let known = try Self.time(of: file), known <= limit else { return false }
        // Under another name nobody brings it any more; who did just before has left the time.
        let aside = "\(path)/tmp/removed.\(digest).\(UInt64.random(in: 0 ... .max))"
        guard rename(file, aside) == 0 else {
            if errno == ENOENT { return false }
            throw Self.failure(file)
        }
        guard let last = try Self.time(of: aside), last <= limit else {
            guard rename(aside, file) == 0 else { throw Self.failure(aside) }
            return false
        }
        try Self.sync(folder: "\(path)/sha256/\(digest.description.prefix(2))")
        guard unlink(aside) == 0 || errno == ENOENT else { throw Self.failure(aside) }
        try Self.sync(folder: "\(path)/tmp")
        return true
    }
}
