import Foundation
import Testing

@testable import Numerics

@Suite("expf and logf")
struct ElementaryFunctionsTests {
    @Test("the edges are the library's")
    func edges() {
        let exponentials: [(Float, Float)] = [
            (0, 1), (.infinity, .infinity), (-.infinity, 0), (88.8, .infinity), (-104, 0),
            (-103.9, .leastNonzeroMagnitude),
        ]
        for (x, y) in exponentials { #expect(ElementaryFunctions.exp(x) == y, "exp \(x)") }
        let logarithms: [(Float, Float)] = [
            (1, 0), (0, -.infinity), (.infinity, .infinity),
            (.leastNonzeroMagnitude, Foundation.log(Float(0x1p-149))),
        ]
        for (x, y) in logarithms { #expect(ElementaryFunctions.log(x) == y, "log \(x)") }
        #expect(ElementaryFunctions.exp(Float.nan).isNaN)
        #expect(ElementaryFunctions.log(Float(-1)).isNaN)
    }

    @Test("a hash over two hundred thousand arguments is the same on every machine")
    func hash() {
        // FNV-1a over the result bits; an exhaustive comparison with glibc's functions made these
        // numbers' code.
        var exponential: UInt64 = 0xcbf2_9ce4_8422_2325
        var logarithm = exponential
        for step in 0..<200_000 as Range<UInt32> {
            let bits = step &* 21_474 &+ 17
            let x = Float(bitPattern: bits)
            guard x.isFinite else { continue }
            exponential =
                (exponential ^ UInt64(ElementaryFunctions.exp(x).bitPattern))
                &* 0x100_0000_01b3
            guard x > 0 else { continue }
            logarithm =
                (logarithm ^ UInt64(ElementaryFunctions.log(x).bitPattern)) &* 0x100_0000_01b3
        }
        #expect(String(exponential, radix: 16) == "360ad28ad090afa2")
        #expect(String(logarithm, radix: 16) == "e0c6b5c312a8df34")
    }
}
