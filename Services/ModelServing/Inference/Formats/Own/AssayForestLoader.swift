internal import Numerics

/// Reads `assay-forest` 1: random forests and isolation forests of scikit-learn as a converter
/// wrote them, and its bare exports without a head, {`trees`} and {`trees`, `max_samples`,
/// `offset`, `features`}.
struct AssayForestLoader: DocumentLoader {
    enum Kind: String, CaseIterable { case classifier, regressor, isolation }

    private let root: JSONCursor
    private let options: LoadOptions
    private let isBare: Bool

    static func recognizes(_ document: JSONCursor) -> Bool {
        if let format = try? document.optionalField("format") {
            return (try? format.text()) == ModelFormat.assayForest.rawValue
        }
        guard let first = try? document.optionalField("trees")?.first() else { return false }
        return (try? first.optionalField("threshold")) != nil
            && (try? first.optionalField("feature")) != nil
    }

    static func load(
        _ document: JSONCursor, _ options: LoadOptions
    ) throws(ModelFileError) -> LoadedModel {
        let isBare = try document.optionalField("format") == nil
        return try AssayForestLoader(root: document, options: options, isBare: isBare).load()
    }

    private func load() throws(ModelFileError) -> LoadedModel {
        try root.requireKeys([
            "format", "version", "library", "kind", "inputs", "classes", "trees", "max_samples",
            "offset", "features",
        ])
        if let version = try root.optionalField("version") { _ = try version.integer(in: 1...1) }
        let kind = try kind()
        let trees = try root.field("trees")
        let count = try trees.count()
        guard 1...options.limits.trees ~= count else {
            throw trees.error("\(count) trees; 1 to \(options.limits.trees) are read")
        }
        let maps = kind == .isolation ? try featureMaps(trees: count) : nil
        let names = try inputNames()
        let inputs = names == nil ? try inferredInputs(trees, maps) : names?.count ?? 0
        let classes = try classNames(kind)
        let width = kind == .classifier ? try classCount(trees, classes) : 1

        var ensemble = TreeEnsemble(profile: .forest, inputCount: inputs, outputCount: width)
        ensemble.leafWidth = width
        ensemble.isAveraged = kind != .isolation
        let reader = AssayTreeReader(limits: options.limits, kind: kind)
        try trees.visit { (index, tree) throws(ModelFileError) in
            try reader.read(tree, features: maps?[index], into: &ensemble)
        }
        return try model(kind, ensemble, names ?? [], classes)
    }

    private func model(
        _ kind: Kind, _ ensemble: TreeEnsemble, _ names: [String], _ classes: [String]
    ) throws(ModelFileError) -> LoadedModel {
        var body = LoadedModel.Body.trees(ensemble)
        var link = Link.identity
        if kind == .isolation {
            let samples = try root.field("max_samples").integer(in: 1...Int(Int32.max))
            let parameters = IsolationParameters(
                maximumSamples: samples, offset: try root.field("offset").number())
            body = .isolation(ensemble, parameters)
            link = .isolation(
                divisor: Double(ensemble.treeCount) * IsolationParameters.pathLength(samples))
        }
        let required = ensemble.requiredInputs
        return LoadedModel(
            format: .assayForest,
            library: try root.optionalField("library")?.text() ?? "scikit-learn",
            objective: kind.rawValue, link: link,
            inputs: (0..<ensemble.inputCount).map { index in
                ModelInput(
                    name: names.isEmpty ? "" : names[index],
                    allowsMissing: !required.contains(index))
            },
            outputs: classes, body: body)
    }

    // MARK: Head

    private func kind() throws(ModelFileError) -> Kind {
        guard let field = try root.optionalField("kind") else {
            guard isBare else { throw root.error("\"kind\" is missing") }
            return try root.optionalField("max_samples") == nil ? .classifier : .isolation
        }
        guard let kind = Kind(rawValue: try field.text()) else {
            let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw field.error("the kind is one of \(known)")
        }
        return kind
    }

    /// The file's own names, or those of the row's columns; nil if there are neither.
    private func inputNames() throws(ModelFileError) -> [String]? {
        if let field = try root.optionalField("inputs") {
            return try field.inputNames(limit: options.limits.inputs)
        }
        guard isBare else { throw root.error("\"inputs\" is missing") }
        return options.columns.isEmpty ? nil : options.columns
    }

    private func classNames(_ kind: Kind) throws(ModelFileError) -> [String] {
        guard let field = try root.optionalField("classes") else { return [] }
        guard kind == .classifier else { throw field.error("only a classifier has classes") }
        var names: [String] = []
        try field.visit { (_, name) throws(ModelFileError) in
            names.append(try name.label())
        }
        guard 2...options.limits.outputs ~= names.count, Set(names).count == names.count else {
            throw field.error("expected 2 to \(options.limits.outputs) different classes")
        }
        return names
    }

    private func classCount(
        _ trees: JSONCursor, _ classes: [String]
    ) throws(ModelFileError) -> Int {
        guard classes.isEmpty else { return classes.count }
        guard let value = try trees.first()?.field("value").first() else {
            throw trees.error("a tree without nodes")
        }
        let count = try value.count()
        guard 2...options.limits.outputs ~= count else {
            throw value.error("\(count) classes; 2 to \(options.limits.outputs) are read")
        }
        return count
    }

    /// Per tree, the row's input behind each of the tree's own.
    private func featureMaps(trees: Int) throws(ModelFileError) -> [[Int32]]? {
        guard let field = try root.optionalField("features") else { return nil }
        guard try field.count() == trees else {
            throw field.error("\(try field.count()) lists of inputs for \(trees) trees")
        }
        var maps: [[Int32]] = []
        try field.visit { (_, list) throws(ModelFileError) in
            maps.append(try list.integers(in: 0...options.limits.inputs - 1))
        }
        return maps
    }

    /// A bare export does not say how many inputs it has: at least those that it uses.
    private func inferredInputs(
        _ trees: JSONCursor, _ maps: [[Int32]]?
    ) throws(ModelFileError) -> Int {
        var largest = 0
        for map in maps ?? [] { largest = max(largest, Int(map.max() ?? 0)) }
        guard maps == nil else { return largest + 1 }
        try trees.visit { (_, tree) throws(ModelFileError) in
            try tree.field("feature").visit { (_, feature) throws(ModelFileError) in
                largest = max(largest, try feature.integer(in: -2...options.limits.inputs - 1))
            }
        }
        return largest + 1
    }
}

extension ClosedRange<Int> {
    static let int32 = Int(Int32.min)...Int(Int32.max)
}

extension JSONCursor {
    /// The first element of a list.
    func first() throws(ModelFileError) -> JSONCursor? {
        var found: JSONCursor?
        try visit { (_, element) throws(ModelFileError) in found = found ?? element }
        return found
    }
}
