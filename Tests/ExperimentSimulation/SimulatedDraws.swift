internal import Numerics

/// Draws of one run, from its own seed.
struct SimulatedDraws {
    private var random: SplitMix64
    private var spare: Double?

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func word() -> UInt64 { random.next() }

    /// In [0, 1).
    mutating func uniform() -> Double { Double(random.next() >> 11) * 0x1p-53 }

    mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    /// How many of so many units have an event of this probability.
    mutating func events(among units: Int, _ probability: Double) -> Int {
        var events = 0
        for _ in 0..<units where happens(probability) { events += 1 }
        return events
    }

    /// By the polar method of Marsaglia and Bray (1964).
    mutating func normal() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let first = 2 * uniform() - 1
            let second = 2 * uniform() - 1
            let square = first * first + second * second
            if square >= 1 || square == 0 { continue }
            let factor = (-2 * ElementaryFunctions.log(square) / square).squareRoot()
            spare = second * factor
            return first * factor
        }
    }
}
