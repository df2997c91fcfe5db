package iomodels.cli.options;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.AnnotatedElement;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The range of a numeric option, which is checked before the command runs. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Range {

  /** The smallest valid number. */
  double least() default 1;

  /** The largest valid number. */
  double most();

  /** Checks numbers on a command line. */
  final class Check {

    private static final Set<Class<?>> WHOLE =
        Set.of(int.class, long.class, Integer.class, Long.class);

    private Check() {}

    /**
     * Checks all options and parameters, including those of subcommands.
     *
     * @throws ParameterException if one is out of range
     */
    public static void all(ParseResult parsed) {
      for (ArgSpec option : parsed.matchedArgs()) {
        Object value = option.getValue();
        Object given = value instanceof Optional<?> optional ? optional.orElse(null) : value;
        Range range = of(option);
        if (range != null && given instanceof Number number && !holds(range, number)) {
          throw new ParameterException(parsed.commandSpec().commandLine(), words(option, given));
        }
      }
      if (parsed.hasSubcommand()) {
        all(parsed.subcommand());
      }
    }

    /** The message for a value that is not a number; empty if the error is another one. */
    public static Optional<String> unreadable(ParameterException e) {
      ArgSpec option = e.getArgSpec();
      String value = e.getValue();
      return option == null || value == null || of(option) == null
          ? Optional.empty()
          : Optional.of(words(option, value));
    }

    static @Nullable Range of(ArgSpec option) {
      return option.userObject() instanceof AnnotatedElement field
          ? field.getAnnotation(Range.class)
          : null;
    }

    private static boolean holds(Range range, Number number) {
      double value = number.doubleValue();
      return value >= range.least() && value <= range.most(); // False for NaN.
    }

    private static String words(ArgSpec option, Object value) {
      Range range = of(option);
      String name =
          option instanceof picocli.CommandLine.Model.OptionSpec it
              ? it.longestName()
              : option.paramLabel();
      return range == null
          ? name
          : "%s is %s; it is a %s from %s to %s"
              .formatted(
                  name,
                  value,
                  isWhole(option) ? "whole number" : "number",
                  plain(range.least()),
                  plain(range.most()));
    }

    private static boolean isWhole(ArgSpec option) {
      Class<?>[] types = option.auxiliaryTypes(); // The element type of an Optional or a list.
      Class<?> type = types.length == 0 ? option.type() : types[0];
      return WHOLE.contains(type);
    }

    private static String plain(double number) {
      return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }
  }
}
