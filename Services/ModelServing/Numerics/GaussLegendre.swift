#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Nodes and weights of Gauss–Legendre quadrature on [0, 1]: exact for polynomials up to degree
/// 2n - 1.
public struct GaussLegendre: Sendable {
    public let nodes: [Double]
    public let weights: [Double]

    /// Newton's method on the Legendre polynomial of degree `count`, from Tricomi's starting
    /// points.
    public init(count: Int) {
        var nodes: [Double] = []
        var weights: [Double] = []
        let n = Double(count)
        for index in 1...max(count, 1) {
            var x = cos(.pi * (Double(index) - 0.25) / (n + 0.5))
            var slope = 1.0
            // Converges quadratically; the bound is never met.
            for _ in 0..<64 {
                let (value, derivative) = Self.legendre(count, x)
                slope = derivative
                let step = value / derivative
                x -= step
                if abs(step) < 1e-16 { break }
            }
            slope = Self.legendre(count, x).derivative
            nodes.append((1 - x) / 2)
            weights.append(1 / ((1 - x * x) * slope * slope))
        }
        self.nodes = nodes
        self.weights = weights
    }

    private static func legendre(_ degree: Int, _ x: Double) -> (value: Double, derivative: Double)
    {
        var (previous, value) = (1.0, x)
        for k in 1..<max(degree, 1) {
            let k = Double(k)
            (previous, value) = (value, ((2 * k + 1) * x * value - k * previous) / (k + 1))
        }
        return (value, Double(degree) * (x * value - previous) / (x * x - 1))
    }
}
