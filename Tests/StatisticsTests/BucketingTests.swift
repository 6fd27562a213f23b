import Statistics
import Testing

@Suite("Buckets")
struct BucketingTests {
    typealias Vector = (Bucketing.Purpose, String, String, String, UInt64, Int)

    /// The published vectors of `assay.bucket/1`.
    static let vectors: [Vector] = [
        (.allocate, "card-challenger:1", "customer", "c-1001", 0x41de_0c35_93c3_95bb, 257_294),
        (.arm, "card-challenger:1", "customer", "c-1001", 0xf103_9928_4f3a_ce18, 941_461),
        (.allocate, "card-challenger:1", "customer", "c-1002", 0xc7fd_e3f0_5f30_20da, 781_217),
        (.arm, "card-challenger:1", "customer", "c-1002", 0xdc86_8503_c6ca_5309, 861_427),
        (.layer, "card-authorisation", "customer", "c-1001", 0xabf4_c7c8_d916_33f5, 671_703),
        (.holdout, "bank-2027", "customer", "c-1001", 0x7ed4_fa9d_bcba_c3a2, 495_437),
        (.shadow, "fraud-card/champion", "request", "r-1", 0xc8f5_1fdc_b62c_a99f, 784_990),
        (.arm, "", "customer", "", 0x0f82_2da9_b920_65a4, 60_580),
        (.arm, "\u{E9}", "customer", "\u{E9}", 0xf7c4_6a07_665b_6684, 967_840),
        (.arm, "e\u{301}", "customer", "e\u{301}", 0x70b5_0f4f_b8e3_c91c, 440_262),
    ]

    @Test("the published vectors come out")
    func published() {
        for (purpose, seed, kind, unit, hash, bucket) in Self.vectors {
            let found = Bucketing.hash(purpose: purpose, seed: seed, kind: kind, unit: unit)
            #expect(found == hash, "\(purpose) \(seed) \(unit)")
            #expect(Bucketing.bucket(found) == bucket, "\(purpose) \(seed) \(unit)")
        }
    }

    @Test("the ends of the hash are the ends of the buckets")
    func ends() {
        #expect(Bucketing.bucket(0) == 0)
        #expect(Bucketing.bucket(.max) == Bucketing.bucketCount - 1)
    }
}
