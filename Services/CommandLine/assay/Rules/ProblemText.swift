import Foundation
import RiskCore

/// Problems of files as compilers show them: place and message, the line, and a caret below it.
enum ProblemText {
    static func print(_ problems: [Problem], _ files: RuleFolder, in folder: String) {
        var text = ""
        for problem in problems {
            text += lines(problem, files.texts[problem.file], in: folder).joined(separator: "\n")
            text += "\n"
        }
        StandardError.line(text + "\(problems.count) problem\(problems.count == 1 ? "" : "s")")
    }

    static func lines(_ problem: Problem, _ source: String?, in folder: String) -> [String] {
        let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let path = base.isEmpty ? problem.file : "\(base)/\(problem.file)"
        var lines = ["\(path):\(problem.line):\(problem.column): \(problem.message)"]
        guard let source, problem.line >= 1 else { return lines }
        let all = source.split(separator: "\n", omittingEmptySubsequences: false)
        guard problem.line <= all.count else { return lines }
        // A long line is cut around the place.
        let width = 100
        let column = max(1, problem.column)
        let line = Array(all[problem.line - 1])
        guard !line.isEmpty, column <= line.count + 1 else { return lines }
        let start = column > width - 20 ? column - width / 2 : 0
        let shown = line[min(start, line.count)...].prefix(width)
        let indent = line[min(start, line.count)..<min(column - 1, line.count)]
            .map { $0 == "\t" ? "\t" : " " }
        lines.append("    " + String(shown))
        lines.append("    " + indent.joined() + "^")
        return lines
    }
}
