internal import AssayMessages
internal import Foundation
internal import RuleLanguage

extension ExperimentReader {
    mutating func readAttributes(_ node: FileNode) -> [AssayModelsV1.AttributeDeclaration] {
        var found: [AssayModelsV1.AttributeDeclaration] = []
        for (index, node) in node.list("attributes", maximum: 64, &problems).enumerated() {
            let place = "attributes[\(index)]"
            let keys = node.object(place, required: ["name", "kind"], &problems)
            guard let nameNode = keys["name"], let kindNode = keys["kind"],
                let name = nameNode.text("\(place).name", maximum: 64, &problems),
                let kind = kindNode.choice("\(place).kind", Self.attributeKinds, &problems)
            else { continue }
            if !AttributeCatalogue.isName(name) {
                problems.append(
                    nameNode.problem(
                        "\(place).name: \"\(name)\" is no name; expected parts of lower-case "
                            + "letters, digits and \"_\", joined by dots"))
            } else if AttributeCatalogue.standard[name] != nil {
                problems.append(
                    nameNode.problem("\(place).name: \"\(name)\" is known without saying so"))
            } else if found.contains(where: { $0.name == name }) {
                problems.append(nameNode.problem("\(place).name: \"\(name)\" stands there twice"))
            }
            found.append(.init(name: name, kind: kind))
        }
        return found
    }

    private static let attributeKinds: KeyValuePairs<String, AssayModelsV1.AttributeKind> = [
        "text": .text, "integer": .integer, "number": .number, "flag": .flag, "texts": .texts,
    ]

    mutating func readTargeting(_ node: FileNode, _ found: inout Specification) {
        guard let text = node.text("targeting", maximum: 4_096, &problems) else { return }
        found.targeting = text
        do {
            _ = try Targeting(text, attributes: found.attributes)
        } catch {
            problems += error.diagnostics.map { node.place($0, "targeting") }
        }
    }
}

extension FileNode {
    /// The place of a diagnostic in the file: plain and quoted texts start where their node does.
    fileprivate func place(_ diagnostic: Diagnostic, _ what: String) -> FileProblem {
        let style = node.scalar?.style
        let isBlock = style == .literal || style == .folded
        let isQuoted = style == .singleQuoted || style == .doubleQuoted
        let isFirstLine = diagnostic.span.line == 1 && !isBlock
        let indent = isFirstLine ? column - 1 + (isQuoted ? 1 : 0) : 0
        return FileProblem(
            file: file, line: line + diagnostic.span.line - (isBlock ? 0 : 1),
            column: diagnostic.span.column + indent,
            message:
                "\(what): \(diagnostic.message.replacing("unknown fact", with: "unknown attribute"))"
        )
    }
}
