/// A model of Assay's own formats, or a bare export, drawn from bytes.
struct OwnDraft {
    private var source: ByteSource
    private let inputs: Int

    init(_ source: ByteSource) {
        self.source = source
        inputs = self.source.below(4) + 1
    }

    var document: DraftValue {
        mutating get {
            switch source.below(6) {
            case 0: linear(isBare: false)
            case 1: linear(isBare: true)
            case 2: scorecard()
            case 3: ensemble()
            default: forest()
            }
        }
    }

    private func names() -> DraftValue { .texts((0..<inputs).map { "f\($0)" }) }

    private mutating func number() -> String {
        if source.rarely() { return source.hostileNumber() }
        return source.below(9) == 0 ? "\"0x1.8p\(Int(source.byte()) - 128)\"" : source.number()
    }

    private mutating func numbers(_ count: Int) -> DraftValue {
        .numbers((0..<count).map { _ in number() }, "D")
    }

    private func head(_ format: String) -> [(String, DraftValue)] {
        [("format", .text(format)), ("version", .number("1"))]
    }

    // MARK: Linear models

    private mutating func linear(isBare: Bool) -> DraftValue {
        let outputs = isBare ? 1 : source.pick([1, 1, 3])
        var members = isBare ? [] : head("assay-linear") + [("inputs", names())]
        if source.flag() {
            let scaler: [(String, DraftValue)] = [
                ("mean", numbers(inputs)), ("scale", numbers(inputs)),
            ]
            members.append(("scaler", .object(scaler)))
        }
        if isBare {
            members.append(("coefficients", numbers(inputs)))
            members.append(("intercept", .number(number())))
            return .object(members)
        }
        if source.flag() {
            let impute = (0..<inputs).map { _ in source.flag() ? "null" : number() }
            members.append(("impute", .numbers(impute, "D")))
        }
        let link = source.pick(["logit", "identity", "log", "softmax"])
        members.append(("link", .text(link)))
        members.append(("coefficients", .array((0..<outputs).map { _ in numbers(inputs) })))
        members.append(("intercept", numbers(outputs)))
        return .object(members)
    }

    private mutating func scorecard() -> DraftValue {
        var attributes: [DraftValue] = []
        for input in 0..<source.below(inputs + 1) {
            var bins: [DraftValue] = []
            for edge in 0..<source.below(4) {
                let below = source.rarely() ? number() : "\(edge * 10)"
                bins.append(
                    .object([("below", .number(below)), ("points", .number(number()))]))
            }
            bins.append(.object([("points", .number(number()))]))
            if source.flag() {
                bins.append(
                    .object([("missing", .flag(true)), ("points", .number(number()))]))
            }
            var members: [(String, DraftValue)] = [
                ("input", .text("f\(input)")), ("bins", .array(bins)),
            ]
            if source.flag() { members.append(("reason", .text("R\(input)"))) }
            if source.below(4) == 0 { members.append(("neutral", .number(number()))) }
            attributes.append(.object(members))
        }
        let method = source.pick(["points_below_maximum", "points_below_neutral"])
        return .object(
            head("assay-linear") + [
                ("inputs", names()),
                (
                    "scorecard",
                    .object([
                        ("base_points", .number(number())), ("base_odds", .number(number())),
                        ("points_to_double", .number(number())), ("reason_method", .text(method)),
                        ("attributes", .array(attributes)),
                    ])
                ),
            ])
    }

    // MARK: Forests

    private mutating func forest() -> DraftValue {
        let kind = source.pick(["classifier", "regressor", "isolation"])
        let isBare = kind != "regressor" && source.below(3) == 0
        var members: [(String, DraftValue)] = []
        if !isBare {
            members = head("assay-forest") + [("kind", .text(kind)), ("inputs", names())]
        }
        let trees = 1 + source.below(3)
        var maps: [DraftValue] = []
        let hasMaps = kind == "isolation" && source.flag()
        if hasMaps {
            maps = (0..<trees).map { _ in
                .integers((0..<inputs).map { _ in source.rarely() ? 4_095 : source.below(inputs) })
            }
        }
        let made = (0..<trees).map { _ in tree(kind) }
        members.append(("trees", .array(made)))
        if kind == "isolation" {
            let samples = source.pick([1, 2, 3, 64, 256, 2_147_483_647])
            members.append(("max_samples", .number("\(samples)")))
            members.append(("offset", .number(number())))
            if hasMaps { members.append(("features", .array(maps))) }
        }
        return .object(members)
    }

    private mutating func tree(_ kind: String) -> DraftValue {
        let shape = TreeDraft(&source)
        let count = shape.count
        let features = (0..<count).map { shape.isLeaf($0) ? -2 : source.below(inputs) }
        var members: [(String, DraftValue)] = [
            ("left", .integers(shape.left)), ("right", .integers(shape.right)),
            ("feature", .integers(features)), ("threshold", numbers(count)),
            ("samples", .integers((0..<count).map { _ in source.below(256) })),
        ]
        if source.flag() {
            members.append(("missing_left", .array((0..<count).map { _ in .flag(source.flag()) })))
        }
        if source.below(4) == 0 { members.append(("cover", numbers(count))) }
        if kind == "classifier" {
            members.append(("value", .array((0..<count).map { _ in numbers(2) })))
        } else if kind == "regressor" {
            members.append(("value", numbers(count)))
        }
        return .object(members)
    }

    // MARK: Ensembles

    private mutating func ensemble() -> DraftValue {
        let combine = source.pick(["mean", "weighted", "stack", "vote", "max", "median"])
        let count = 1 + source.below(4)
        var members: [DraftValue] = []
        for number in 0..<count {
            var member: [(String, DraftValue)] = [
                ("model", .text("m\(source.rarely() ? 0 : number)")), ("version", .number("1")),
            ]
            if source.flag() { member.append(("weight", .number(self.number()))) }
            if source.flag() { member.append(("threshold", .number(self.number()))) }
            if combine != "stack", source.flag() { member.append(("optional", .flag(true))) }
            members.append(.object(member))
        }
        var document =
            head("assay-ensemble") + [
                ("inputs", names()), ("members", .array(members)), ("combine", .text(combine)),
            ]
        if source.flag() {
            document.append(("on", .text(source.pick(["margin", "probability"]))))
        }
        if combine == "stack" {
            let stack =
                head("assay-linear") + [
                    ("inputs", .texts((0..<count).map { "m\($0)" })), ("link", .text("logit")),
                    ("coefficients", .array([numbers(count)])), ("intercept", numbers(1)),
                ]
            document.append(("stack", .object(stack)))
        }
        return .object(document)
    }
}
