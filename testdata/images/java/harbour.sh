#!/bin/sh
# Starts the application as the start scripts of build tools do.
home=$(cd "$(dirname "$0")/.." && pwd -P)
if [ -n "$JAVA_HOME" ]; then
    java=$JAVA_HOME/bin/java
else
    java=java
fi
case "$(uname)" in
    Linux) options=-Xmx64m ;;
    *) options= ;;
esac
exec "$java" $options -jar "$home/harbour.jar" "$@"
