/// The values of several quadrature points side by side, in vectors of two.
protocol QuadratureLanes: Sendable {
    init(repeating value: Double)
    init(_ values: some Sequence<Double>)
    /// The sum over all lanes is that of the two.
    var folded: SIMD2<Double> { get }
    static func + (a: Self, b: Self) -> Self
    static func - (a: Self, b: Self) -> Self
    static func * (a: Self, b: Self) -> Self
    static func / (a: Self, b: Self) -> Self
    static func * (a: Self, b: Double) -> Self
}

struct TwoLanes: QuadratureLanes {
    private var pair: SIMD2<Double>

    @inline(__always)
    private init(pair: SIMD2<Double>) { self.pair = pair }
    @inline(__always)
    init(repeating value: Double) { pair = SIMD2(value, value) }
    init(_ values: some Sequence<Double>) {
        let values = Array(values)
        pair = SIMD2(values[0], values[1])
    }
    @inline(__always)
    var folded: SIMD2<Double> { pair }
    @inline(__always)
    static func + (a: Self, b: Self) -> Self { Self(pair: a.pair + b.pair) }
    @inline(__always)
    static func - (a: Self, b: Self) -> Self { Self(pair: a.pair - b.pair) }
    @inline(__always)
    static func * (a: Self, b: Self) -> Self { Self(pair: a.pair * b.pair) }
    @inline(__always)
    static func / (a: Self, b: Self) -> Self { Self(pair: a.pair / b.pair) }
    @inline(__always)
    static func * (a: Self, b: Double) -> Self { Self(pair: a.pair * SIMD2(b, b)) }
}

struct Twice<Half: QuadratureLanes>: QuadratureLanes {
    private var low: Half
    private var high: Half

    @inline(__always)
    private init(low: Half, high: Half) {
        self.low = low
        self.high = high
    }
    @inline(__always)
    init(repeating value: Double) {
        low = Half(repeating: value)
        high = low
    }
    init(_ values: some Sequence<Double>) {
        let values = Array(values)
        low = Half(values.prefix(values.count / 2))
        high = Half(values.suffix(values.count / 2))
    }
    @inline(__always)
    var folded: SIMD2<Double> { low.folded + high.folded }
    @inline(__always)
    static func + (a: Self, b: Self) -> Self { Self(low: a.low + b.low, high: a.high + b.high) }
    @inline(__always)
    static func - (a: Self, b: Self) -> Self { Self(low: a.low - b.low, high: a.high - b.high) }
    @inline(__always)
    static func * (a: Self, b: Self) -> Self { Self(low: a.low * b.low, high: a.high * b.high) }
    @inline(__always)
    static func / (a: Self, b: Self) -> Self { Self(low: a.low / b.low, high: a.high / b.high) }
    @inline(__always)
    static func * (a: Self, b: Double) -> Self { Self(low: a.low * b, high: a.high * b) }
}

typealias FourLanes = Twice<TwoLanes>
typealias EightLanes = Twice<FourLanes>
