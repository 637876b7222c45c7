FROM a
ENV A="b c" D='e f' G=h\ i J= K="" L="m'n" \
    O='p"q' R=s=t
