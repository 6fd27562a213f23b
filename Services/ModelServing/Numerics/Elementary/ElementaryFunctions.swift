/// `expf` and `logf` by the table-driven algorithms of Arm's Optimized Routines (Szabolcs Nagy, MIT
/// licence), which glibc uses too, without fused multiply-add: the same bits on every machine.
///
/// Compared with glibc's over all 2^32 arguments: `logf` is equal everywhere, `expf` everywhere but
/// at two arguments where glibc's variant for processors with fused multiply-add rounds the other
/// way.
public enum ElementaryFunctions {
    /// e^x in float32, at most 0.502 units in the last place off.
    public static func exp(_ x: Float) -> Float {
        if x.isNaN { return x }
        if x > 0x1.62e42ep6 { return .infinity }
        if x < -0x1.9fe368p6 { return 0 }
        // x = k·ln2/32 + r, e^x = 2^(k/32) · 2^(r·32/ln2)
        let z = 0x1.71547652b82fep+0 * 32 * Double(x)
        let shifted = z + 0x1.8p52
        let k = shifted.bitPattern
        let r = z - (shifted - 0x1.8p52)
        let scale = Double(bitPattern: expTable[Int(k % 32)] &+ (k << 47))
        let high = expPolynomial.0 * r + expPolynomial.1
        let square = r * r
        let low = expPolynomial.2 * r + 1
        let sum = high * square + low
        return Float(sum * scale)
    }

    /// The natural logarithm in float32, at most 0.818 units in the last place off.
    public static func log(_ x: Float) -> Float {
        var bits = x.bitPattern
        if bits == 0x3f80_0000 { return 0 }
        if x.isNaN { return x }
        if x == 0 { return -.infinity }
        if x < 0 { return .nan }
        if x == .infinity { return x }
        if x < .leastNormalMagnitude { bits = (x * 0x1p23).bitPattern &- (23 << 23) }
        let offset = bits &- 0x3f33_0000
        let index = Int(offset >> 19 & 15)
        let k = Int32(bitPattern: offset) >> 23
        let z = Double(Float(bitPattern: bits &- (offset & 0xff80_0000)))
        let r = z * logTable[index].inverse - 1
        let base = logTable[index].logarithm + Double(k) * 0x1.62e42fefa39efp-1
        let square = r * r
        var y = 0x1.5575b0be00b6ap-2 * r + -0x1.ffffef20a4123p-2
        y = -0x1.00ea348b88334p-2 * square + y
        y = y * square + (base + r)
        return Float(y)
    }

    private static let expPolynomial = (
        0x1.c6af84b912394p-5 / 32 / 32 / 32, 0x1.ebfce50fac4f3p-3 / 32 / 32,
        0x1.62e42ff0c52d6p-1 / 32
    )

    /// Bits of 2^(i/32), less i·2^47, which adding k·2^47 puts back.
    private static let expTable: [UInt64] = [
        0x3ff0_0000_0000_0000, 0x3fef_d9b0_d315_8574, 0x3fef_b558_6cf9_890f, 0x3fef_9301_d012_5b51,
        0x3fef_72b8_3c7d_517b, 0x3fef_5487_3168_b9aa, 0x3fef_387a_6e75_6238, 0x3fef_1e9d_f51f_dee1,
        0x3fef_06fe_0a31_b715, 0x3fee_f1a7_373a_a9cb, 0x3fee_dea6_4c12_3422, 0x3fee_ce08_6061_892d,
        0x3fee_bfda_d536_2a27, 0x3fee_b42b_569d_4f82, 0x3fee_ab07_dd48_5429, 0x3fee_a47e_b03a_5585,
        0x3fee_a09e_667f_3bcd, 0x3fee_9f75_e8ec_5f74, 0x3fee_a114_73eb_0187, 0x3fee_a589_994c_ce13,
        0x3fee_ace5_422a_a0db, 0x3fee_b737_b0cd_c5e5, 0x3fee_c491_82a3_f090, 0x3fee_d503_b23e_255d,
        0x3fee_e89f_995a_d3ad, 0x3fee_ff76_f2fb_5e47, 0x3fef_199b_dd85_529c, 0x3fef_3720_dcef_9069,
        0x3fef_5818_dcfb_a487, 0x3fef_7c97_337b_9b5f, 0x3fef_a4af_a2a4_90da, 0x3fef_d076_5b6e_4540,
    ]

    /// 1/c and log(c) for sixteen points c across [0.7, 1.4).
    private static let logTable: [(inverse: Double, logarithm: Double)] = [
        (0x1.661ec79f8f3bep+0, -0x1.57bf7808caadep-2),
        (0x1.571ed4aaf883dp+0, -0x1.2bef0a7c06ddbp-2),
        (0x1.49539f0f010bp+0, -0x1.01eae7f513a67p-2), (0x1.3c995b0b80385p+0, -0x1.b31d8a68224e9p-3),
        (0x1.30d190c8864a5p+0, -0x1.6574f0ac07758p-3), (0x1.25e227b0b8eap+0, -0x1.1aa2bc79c81p-3),
        (0x1.1bb4a4a1a343fp+0, -0x1.a4e76ce8c0e5ep-4),
        (0x1.12358f08ae5bap+0, -0x1.1973c5a611cccp-4),
        (0x1.0953f419900a7p+0, -0x1.252f438e10c1ep-5), (0x1p+0, 0x0p+0),
        (0x1.e608cfd9a47acp-1, 0x1.aa5aa5df25984p-5), (0x1.ca4b31f026aap-1, 0x1.c5e53aa362eb4p-4),
        (0x1.b2036576afce6p-1, 0x1.526e57720db08p-3), (0x1.9c2d163a1aa2dp-1, 0x1.bc2860d22477p-3),
        (0x1.886e6037841edp-1, 0x1.1058bc8a07ee1p-2), (0x1.767dcf5534862p-1, 0x1.4043057b6ee09p-2),
    ]
}
