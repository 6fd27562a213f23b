internal import Wire

/// The six ways in for hostile bytes. Each turns any input into a check of what must always hold.
public enum FuzzTarget: String, CaseIterable, FuzzProgram {
    case strict, tolerant, json, compiler, formatter, sealed

    /// True if the input got behind the door, so that there was a value to examine.
    @discardableResult
    public func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        switch self {
        case .strict: try MessageInput(input).strict()
        case .tolerant: try MessageInput(input).tolerant()
        case .json: try MessageInput(input).json()
        case .compiler: try CompilerProperties.check(input)
        case .formatter: try FormatterProperties.check(input)
        case .sealed: try SealedProperties.check(input)
        }
    }

    public var seeds: [Seed] { Seed.seeds(for: self) }
}

/// An input for a message type: one byte says which type and which limits, the rest is the message.
struct MessageInput {
    let type: MessageProperties
    let limits: DecodeLimits
    let jsonLimits: JSONLimits
    let bytes: [UInt8]

    init(_ input: [UInt8]) {
        let choice = Int(input.first ?? 0)
        type = MessageProperties.all[choice & 0x1F % MessageProperties.all.count]
        limits = Self.profiles[choice >> 5]
        jsonLimits = JSONLimits(
            bytes: limits.bytes, heap: limits.heap, depth: limits.depth)
        bytes = Array(input.dropFirst())
    }

    func strict() throws(PropertyViolation) -> Bool { try type.strict(bytes, limits) }
    func tolerant() throws(PropertyViolation) -> Bool { try type.tolerant(bytes, limits) }
    func json() throws(PropertyViolation) -> Bool { try type.json(bytes, jsonLimits) }

    /// Mostly the ordinary limits; else one of them is too small for many messages.
    private static let profiles = [
        DecodeLimits(), DecodeLimits(), DecodeLimits(), DecodeLimits(),
        DecodeLimits(heap: 256), DecodeLimits(unknownBytes: 8), DecodeLimits(depth: 2),
        DecodeLimits(bytes: 64, heap: 4096),
    ]
}
