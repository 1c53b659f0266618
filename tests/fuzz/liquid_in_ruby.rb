# Renders what stands on each line of standard input with Ruby's own Liquid and answers on one line.
#
# In:  {"template": "...", "data": {...}, "blocks": {"name": "..."}}
# Out: {"text": "..."}, or {"refused": "why"} where the template is not valid.

require "json"
require "liquid"

# What ActiveSupport adds, which is loaded at Shopify: a text has a first and a last character, and
# everything is blank or not.
class Object
  def blank?
    respond_to?(:empty?) ? empty? : !self
  end
end

class String
  def blank?
    match?(/\A[[:space:]]*\z/)
  end

  def first
    self[0] || ""
  end

  def last
    self[-1] || ""
  end
end

# Ruby's sort moves elements about that are equal; ours keeps their order, which is what is compared.
module Liquid::StandardFilters
  class InputIterator
    def sort
      to_a.each_with_index.sort do |(a, i), (b, j)|
        order = a.nil? && b.nil? ? 0 : yield(a, b)
        order.zero? ? i <=> j : order
      end.map(&:first)
    end
  end

  private

  def nil_safe_casecmp(a, b)
    return (a.nil? ? 1 : 0) - (b.nil? ? 1 : 0) if a.nil? || b.nil?

    a.to_s.casecmp(b.to_s)
  end
end

class Blocks
  def initialize(sources)
    @sources = sources
  end

  def read_template_file(name)
    @sources.fetch(name) { raise Liquid::FileSystemError, "Could not find asset #{name}" }
  end
end

def answer(asked)
  mode = asked.fetch("mode", "strict").to_sym
  template = Liquid::Template.parse(asked["template"], error_mode: mode)
  registers = Liquid::Registers.new(file_system: Blocks.new(asked["blocks"]))
  context = Liquid::Context.build(static_environments: asked["data"], registers: registers)
  { text: template.render(context) }
rescue Liquid::SyntaxError => error
  { refused: error.message }
end

$stdin.each_line do |line|
  begin
    written = JSON.generate(answer(JSON.parse(line)))
  rescue StandardError, SystemStackError => error
    written = JSON.generate({ crashed: "#{error.class}: #{error.message}"[0, 300].scrub })
  end
  $stdout.puts(written)
  $stdout.flush
end
