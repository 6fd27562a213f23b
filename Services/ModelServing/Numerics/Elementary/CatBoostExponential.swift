/// e^x as CatBoost computes it where it turns margins into shares of classes: with a table of
/// 2,048 powers of two and a cubic, off by some units in the last place that
/// grow with |x|, since ln2/2048 is one number.
///
/// The method is that of herumi's fmath ("A fast exponential function by table lookup"): x =
/// k·ln2/2048 - t, e^x = 2^(k/2048) · (1 - t + (3 - t)·t²/6).
public enum CatBoostExponential {
    public static func exp(_ x: Double) -> Double {
        if x.isNaN { return x }
        if x <= -708.39641853226408 { return 0 }
        if x >= 709.78271289338397 { return .infinity }
        let shifted = x * inverseStep + 0x1.8p52
        let k = shifted.bitPattern
        let t = (shifted - 0x1.8p52) * step - x
        let y = (3.0000000027955394 - t) * (t * t) * 0.16666666685227835064 - t + 1
        let exponent = ((k &+ 1_023 << 11) >> 11) << 52
        return y * Double(bitPattern: exponent | fractions[Int(k & 2_047)])
    }

    private static let inverseStep = 2_048 / 0.6931471805599453
    private static let step = 0.6931471805599453 / 2_048

    /// Fraction bits of 2^(i/2048), rounded to nearest.
    private static let fractions: [UInt64] = (0..<2_048).map { index in
        ElementaryFunctions.exp2(Double(index) / 2_048).significandBitPattern
    }
}
