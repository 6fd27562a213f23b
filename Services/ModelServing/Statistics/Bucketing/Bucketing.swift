/// Which bucket a unit falls into: the deterministic randomisation `assay.bucket/1`.
///
/// The hash is the first 8 bytes, big-endian, of SHA-256 over
/// `"assay.bucket/1" 00 purpose 00 seed 00 kind 00 unit` in UTF-8, not normalised: every SQL engine,
/// shell and language can check it.
public enum Bucketing {
    public static let bucketCount = 1_000_000
    /// A hundredth of a percent.
    public static let bucketsPerBasisPoint = 100

    /// What the draw is for: each has its own, independent of the others'.
    public enum Purpose: String, Sendable, CaseIterable {
        /// Whether a unit takes part in an experiment, over `<experiment>:<epoch>`.
        case allocate
        /// Which arm it is in, over `<experiment>:<epoch>`.
        case arm
        /// Where it lies in a layer, over the layer's name.
        case layer
        /// Whether a holdout has it, over the holdout's name.
        case holdout
        /// Whether a call is scored in the shadow too, over `<model>/<alias>`.
        case shadow
    }

    /// The hash of one unit. `seed` and `kind` contain no zero byte, so no two draws share bytes.
    public static func hash(purpose: Purpose, seed: String, kind: String, unit: String) -> UInt64 {
        BucketDraw(purpose, seed: seed).hash(kind: kind, unit: unit)
    }

    /// 0 ... 999,999: the high half of the 128-bit product of the hash and the number of buckets.
    public static func bucket(_ hash: UInt64) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(bucketCount)).high)
    }
}
