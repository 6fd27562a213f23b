internal import Crypto

/// One draw of `assay.bucket/1`, made ready for many units: purpose and seed are written once.
public struct BucketDraw: Sendable {
    private let prefix: [UInt8]

    /// `seed` contains no zero byte.
    public init(_ purpose: Bucketing.Purpose, seed: String) {
        var prefix = Array("assay.bucket/1".utf8)
        prefix.append(0)
        prefix += purpose.rawValue.utf8
        prefix.append(0)
        prefix += seed.utf8
        prefix.append(0)
        self.prefix = prefix
    }

    /// The same as `Bucketing.hash`. `kind` contains no zero byte.
    public func hash(kind: String, unit: String) -> UInt64 {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(prefix.count + kind.utf8.count + 1 + unit.utf8.count)
        bytes += prefix
        bytes += kind.utf8
        bytes.append(0)
        bytes += unit.utf8
        var hash: UInt64 = 0
        SHA256.hash(data: bytes).withUnsafeBytes { digest in
            for byte in digest.prefix(8) { hash = hash << 8 | UInt64(byte) }
        }
        return hash
    }

    public func bucket(kind: String, unit: String) -> Int {
        Bucketing.bucket(hash(kind: kind, unit: unit))
    }
}
