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

    /// The hash of one unit. `kind` contains no zero byte.
    public func hash(kind: String, unit: String) -> UInt64 {
        let (kind, unit) = (kind.utf8, unit.utf8)
        let count = prefix.count + kind.count + 1 + unit.count
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { bytes in
            func part(_ start: Int) -> UnsafeMutableRawBufferPointer {
                UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            }
            bytes.copyBytes(from: prefix)
            part(prefix.count).copyBytes(from: kind)
            bytes[prefix.count + kind.count] = 0
            part(prefix.count + kind.count + 1).copyBytes(from: unit)
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return hash.finalize().withUnsafeBytes {
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
            }
        }
    }

    public func bucket(kind: String, unit: String) -> Int {
        Bucketing.bucket(hash(kind: kind, unit: unit))
    }
}
