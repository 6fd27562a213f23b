/// The formats that are read; content decides which one a file has.
public enum ModelFormat: String, Sendable, Hashable, CaseIterable {
    case xgboostJSON = "xgboost-json"
    case xgboostUBJSON = "xgboost-ubjson"
    case lightgbmText = "lightgbm-text"
    case catboostJSON = "catboost-json"
    case assayLinear = "assay-linear"
    case assayForest = "assay-forest"
    case assayEnsemble = "assay-ensemble"
}

/// One input as the file describes it.
public struct ModelInput: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable { case number, category, flag }
    /// What the texts of a vocabulary stand for: themselves, or numbers, or true and false.
    public enum Categories: String, Sendable, Hashable { case texts, numbers, flags }

    /// Empty if the file has no names.
    public var name: String
    public var kind: Kind
    /// Texts in the order of their codes, if the file has them.
    public var vocabulary: [String]
    public var categories = Categories.texts
    /// Whether the model answers a row without this input.
    public var allowsMissing: Bool

    public init(
        name: String = "", kind: Kind = .number, vocabulary: [String] = [],
        allowsMissing: Bool = true
    ) {
        self.name = name
        self.kind = kind
        self.vocabulary = vocabulary
        self.allowsMissing = allowsMissing
    }

    /// Memory that texts take: those of more than fifteen bytes stand outside the list, whose block an
    /// allocator may round up by a quarter.
    static func byteCount(ofVocabulary texts: [String]) -> Int {
        texts.reduce(0) { $0 + 20 + ($1.utf8.count > 15 ? 48 + $1.utf8.count : 0) }
    }
}

/// Something about a file that a person should know and that does not stop it from serving.
public struct Remark: Sendable, Hashable, CustomStringConvertible {
    public var text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }
}

/// A model file, read and checked: what every loader returns.
public struct LoadedModel: Sendable {
    public enum Body: Sendable {
        case trees(TreeEnsemble)
        case linear(LinearModel)
        /// Its margin is the sum of the path lengths.
        case isolation(TreeEnsemble, IsolationParameters)
    }

    public var format: ModelFormat
    /// What wrote the file, such as "xgboost 3.2.0".
    public var library: String
    public var objective: String
    public var link: Link
    public var inputs: [ModelInput]
    /// Names of the classes, where the file has them.
    public var outputs: [String]
    public var body: Body
    public var remarks: [Remark]

    public init(
        format: ModelFormat, library: String, objective: String, link: Link,
        inputs: [ModelInput], outputs: [String] = [], body: Body, remarks: [Remark] = []
    ) {
        self.format = format
        self.library = library
        self.objective = objective
        self.link = link
        self.inputs = inputs
        self.outputs = outputs
        self.body = body
        self.remarks = remarks
    }

    /// Its trees, if it has any.
    public var trees: TreeEnsemble? {
        switch body {
        case .trees(let trees), .isolation(let trees, _): trees
        case .linear: nil
        }
    }

    public var outputCount: Int {
        switch body {
        case .trees(let trees), .isolation(let trees, _): trees.outputCount
        case .linear(let linear): linear.outputCount
        }
    }

    /// The file's own names of its inputs; empty if it has none.
    public var inputNames: [String] {
        inputs.contains { !$0.name.isEmpty } ? inputs.map(\.name) : []
    }
}
