internal import Crypto
public import Wire

/// The SHA-256 that names an artifact.
public struct ArtifactDigest: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    public init(of artifact: [UInt8]) { bytes = Array(SHA256.hash(data: artifact)) }

    public init?(_ bytes: [UInt8]) {
        guard bytes.count == SHA256.byteCount else { return nil }
        self.bytes = bytes
    }

    /// Lower-case hexadecimal.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}

/// Why an artifact could not be stored or read.
public struct ArtifactError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable { case missing, damaged, io }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// Immutable model files, named by their content. Every call may block on the disk.
public protocol ArtifactStore: Sendable {
    /// Returns once the bytes are durable; bytes that are there already are not written again.
    func put(_ artifact: [UInt8]) throws(ArtifactError) -> ArtifactDigest

    /// The bytes, hashed again: damaged ones are an error, never a value.
    func get(_ digest: ArtifactDigest) throws(ArtifactError) -> [UInt8]

    /// When somebody last stored the bytes, or would have if they had not been there; nil if they are
    /// not there.
    func broughtAt(_ digest: ArtifactDigest) throws(ArtifactError) -> Timestamp?

    /// Removes bytes that nobody brought since a moment. Who brings them meanwhile, in whichever process,
    /// finds them there or stores them anew.
    ///
    /// - Returns: whether they went, durably; false also if they were not there.
    func remove(
        _ digest: ArtifactDigest, broughtBefore limit: Timestamp
    ) throws(ArtifactError) -> Bool

    /// Begins to take a file in parts.
    func receive() throws(ArtifactError) -> any ArtifactReception
}

/// A file that comes in parts. What is not kept is gone with the last reference. Every call may block.
public protocol ArtifactReception: Sendable {
    /// Bytes so far.
    var count: Int { get }

    func append(_ bytes: [UInt8]) throws(ArtifactError)

    /// The file is complete: its hash, once its bytes are durable.
    func finish() throws(ArtifactError) -> ArtifactDigest

    /// All bytes of a finished file.
    func read() throws(ArtifactError) -> [UInt8]

    /// Makes a finished file one of the store's artifacts.
    func keep() throws(ArtifactError)
}
