/// `assay-ensemble` 1: which versions answer together, and how.
///
/// Members are named by model and version number, never by alias, so that an ensemble always means
/// the same.
public struct EnsembleFile: Sendable {
    public enum Combination: String, Sendable, Hashable, CaseIterable {
        case mean, weighted, stack, vote, max, median
    }

    /// What the members contribute.
    public enum Space: String, Sendable, Hashable, CaseIterable { case margin, probability }

    public struct Member: Sendable, Hashable {
        public var model: String
        public var version: Int
        public var weight: Double
        /// It votes for the positive class from this probability on.
        public var threshold: Double
        /// The ensemble answers without it.
        public var isOptional: Bool
    }

    public static let memberLimit = 16
    /// A larger file is no ensemble.
    public static let maximumBytes = 1 << 20
    /// Ensembles within ensembles, the outermost counted.
    public static let depthLimit = 3

    public private(set) var inputs: [String]
    public private(set) var members: [Member] = []
    public private(set) var combination: Combination
    public private(set) var space: Space
    /// What a stack makes of the members' values, in their order.
    public private(set) var stack: CompiledModel?

    /// Whether a document is one, by its outermost keys.
    ///
    /// Every model file that is registered or loaded is asked, so one that nowhere spells the format's
    /// name, without escapes, is not parsed for it.
    public static func recognizes(_ bytes: [UInt8]) -> Bool {
        guard spellsFormat(bytes), let root = try? JSONTape(bytes).root, root.kind == .object,
            let format = try? root.optionalField("format")
        else { return false }
        return (try? format.text()) == ModelFormat.assayEnsemble.rawValue
    }

    private static func spellsFormat(_ bytes: [UInt8]) -> Bool {
        let name = Array(ModelFormat.assayEnsemble.rawValue.utf8)
        return bytes.withUnsafeBufferPointer { bytes in
            var rest = bytes[...]
            while let start = rest.firstIndex(of: name[0]) {
                if rest[start...].starts(with: name) { return true }
                rest = rest[(start + 1)...]
            }
            return false
        }
    }

    public init(
        _ bytes: [UInt8], limits: FormatLimits = FormatLimits()
    ) throws(ModelFileError) {
        let root = try JSONTape(bytes, limits: limits).root
        try root.requireKeys([
            "format", "version", "inputs", "members", "combine", "on", "stack",
        ])
        let format = try root.field("format")
        guard try format.text() == ModelFormat.assayEnsemble.rawValue else {
            throw format.error("not an assay-ensemble")
        }
        _ = try root.field("version").integer(in: 1...1)
        inputs = try root.field("inputs").inputNames(limit: limits.inputs)
        combination = try Self.choice(root.field("combine"))
        space = try root.optionalField("on").map(Self.choice) ?? .probability
        try readMembers(root.field("members"))
        try readStack(root, limits)
        if let field = try root.optionalField("on"), space == .margin,
            [.vote, .max, .median].contains(combination)
        {
            throw field.error("\(combination.rawValue) is taken of probabilities")
        }
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ field: JSONCursor
    ) throws(ModelFileError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: try field.text()) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw field.error("expected one of \(known)")
        }
        return choice
    }

    private mutating func readMembers(_ list: JSONCursor) throws(ModelFileError) {
        guard 1...Self.memberLimit ~= (try list.count()) else {
            throw list.error("1 to \(Self.memberLimit) members are read")
        }
        var found: [Member] = []
        try list.visit { (_, field) throws(ModelFileError) in
            try field.requireKeys(["model", "version", "weight", "threshold", "optional"])
            let member = Member(
                model: try field.field("model").text(),
                version: try field.field("version").integer(in: 1...Int(Int32.max)),
                weight: try field.optionalField("weight")?.number() ?? 1,
                threshold: try field.optionalField("threshold")?.number() ?? 0.5,
                isOptional: try field.optionalField("optional")?.flag() ?? false)
            guard member.weight >= 0 else {
                throw try field.field("weight").error("a negative weight")
            }
            guard
                !found.contains(where: { ($0.model, $0.version) == (member.model, member.version) })
            else { throw field.error("\(member.model) \(member.version) stands here twice") }
            found.append(member)
        }
        guard found.contains(where: { $0.weight > 0 && !$0.isOptional }) else {
            throw list.error("no required member with a weight above zero")
        }
        members = found
    }

    private mutating func readStack(
        _ root: JSONCursor, _ limits: FormatLimits
    ) throws(ModelFileError) {
        guard let field = try root.optionalField("stack") else {
            guard combination != .stack else { throw root.error("\"stack\" is missing") }
            return
        }
        guard combination == .stack else { throw field.error("only combine \"stack\" has one") }
        let model = try AssayLinearLoader.load(field, LoadOptions(limits: limits))
        guard model.inputs.count == members.count, model.outputCount == 1 else {
            throw field.error("expected one coefficient for each member, and one output")
        }
        guard members.allSatisfy({ !$0.isOptional }) else {
            throw field.error("the members of a stack cannot be optional")
        }
        stack = CompiledModel(model)
    }
}
