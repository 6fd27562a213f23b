/// What the wire format promises of a payload (wire.md §19).
struct Target {
    let encodeRatio: Double
    let encodeNanoseconds: Double
    let decodeRatio: Double
    let decodeNanoseconds: Double
    /// Strings over 15 bytes, and one per non-empty list or map.
    let decodeAllocations: Double
    /// The tolerant door on canonical bytes takes at most so much longer than the strict one.
    static let tolerantRatio = 1.5

    static let all = [
        "worked example": Target(
            encodeRatio: 3, encodeNanoseconds: 120, decodeRatio: 2.5, decodeNanoseconds: 300,
            decodeAllocations: 2),
        "256 doubles, 8 attributes": Target(
            encodeRatio: 5, encodeNanoseconds: 350, decodeRatio: 3, decodeNanoseconds: 800,
            decodeAllocations: 5),
    ]
}
