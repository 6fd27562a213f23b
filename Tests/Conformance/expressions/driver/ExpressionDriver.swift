import Foundation
import RuleLanguage

/// Reads one expression a line and writes what it gives, for comparison with other implementations.
/// The facts are those of `differential.py`, and always the same.
@main
enum ExpressionDriver {
    static func main() {
        let world = ExpressionWorld()
        while let line = readLine() {
            // A line is the text of the expression as a JSON string, so that it may hold line breaks.
            let source =
                (try? JSONSerialization.jsonObject(
                    with: Data(line.utf8), options: .fragmentsAllowed))
                as? String ?? ""
            print(world.outcome(of: source))
        }
    }
}
